"""Operations over our schema, made up by hypothesis-graphql and dressed in the rest of GraphQL's language.

hypothesis-graphql chooses fields, inline fragments on concrete types, and arguments. Variables, aliases, named
fragments, fields to be merged, `__typename`, @skip and @include are put on what it gives: one drawn number decides on
all of them, 0 on none, so that Hypothesis shrinks a counter-example's clothes to their absence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
    print_ast,
    value_from_ast_untyped,
)
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

Values = Mapping[str, list[Any]]
"""What scalars may be, by their names."""
PRINTERS = {"Int": nodes.Int}
ABSENT = object()
CLOTHES = 5
"""How often each operation is dressed: that takes less time than to make another up."""


@dataclass(frozen=True)
class Made:
    """A query with its variables."""

    text: str
    variables: dict[str, Any]


def made_up(schema: GraphQLSchema, values: Values, seed: int) -> st.SearchStrategy[list[Made]]:
    """Queries of all kinds, most of them valid: each in several clothes. Another `seed`, other clothes."""
    scalars = {name: st.sampled_from(each).map(PRINTERS.get(name, nodes.String)) for name, each in values.items()}

    def documents(of: GraphQLSchema) -> st.SearchStrategy[DocumentNode]:
        return queries(of, custom_scalars=scalars, print_ast=_itself)

    # How much is selected goes with the number of types: with mutations' types that is four times as much.
    small, large = documents(GraphQLSchema(schema.query_type)), documents(schema)

    def dressed(document: DocumentNode, number: int) -> list[Made]:
        randoms = [Random(f"{seed} {number} {each}") if number else None for each in range(CLOTHES)]  # noqa: S311
        return [Dresser(schema, random).dress(document) for random in randoms]

    return st.builds(dressed, st.one_of(small, small, small, large), st.integers(0, 2**32))


def _itself(document: DocumentNode) -> DocumentNode:
    return document


class Dresser:
    """Dresses one query."""

    def __init__(self, schema: GraphQLSchema, random: Random | None) -> None:
        self.schema, self.random = schema, random
        self.fragments: dict[str, str] = {}
        self.variables: dict[str, tuple[str, Any]] = {}
        self.aliases = 0

    def chance(self, probability: float) -> bool:
        """Whether to do something."""
        return self.random is not None and self.random.random() < probability

    def dress(self, document: DocumentNode) -> Made:
        """The query in its new clothes."""
        [operation] = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert self.schema.query_type
        body = self.selection_set(operation.selection_set, self.schema.query_type)
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in self.variables.items())
        head = f"query Q({declared})" if declared else "query Q"
        given = {name: value for name, (_, value) in self.variables.items() if value is not ABSENT}
        return Made("\n".join([f"{head} {body}", *self.fragments.values()]), given)

    def selection_set(self, selection_set: SelectionSetNode, parent: GraphQLCompositeType) -> str:
        """What is selected of an object, some of it in fragments."""
        parts = [self.selection(each, parent) for each in selection_set.selections]
        if self.chance(0.15):
            parts.append("__typename" + self.directives())
        if self.random and self.chance(0.3):
            start = self.random.randrange(len(parts))
            end = self.random.randint(start + 1, len(parts))
            parts[start:end] = self.fragment(parent, parts[start:end], again=parts)
        if isinstance(parent, GraphQLObjectType) and parent.interfaces and self.chance(0.1):
            parts.append(self.of_interface(parent.interfaces[0]))
        return "{ " + " ".join(parts) + " }"

    def selection(self, node: SelectionNode, parent: GraphQLCompositeType) -> str:
        """A field or an inline fragment."""
        if isinstance(node, FieldNode):
            return self.field(node, parent.fields[node.name.value])  # type: ignore[union-attr]
        assert isinstance(node, InlineFragmentNode)
        assert node.type_condition
        on: Any = self.schema.type_map[node.type_condition.name.value]
        return f"... on {on.name}{self.directives()} {self.selection_set(node.selection_set, on)}"

    def field(self, node: FieldNode, field: GraphQLField) -> str:
        """A field, now and then by another name, and now and then twice, to be merged."""
        arguments = [self.argument(each, field.args[each.name.value]) for each in node.arguments or ()]
        given = f"({', '.join(filter(None, arguments))})" if any(arguments) else ""
        alias = f"{node.alias.value}: " if node.alias else ""
        if self.chance(0.8 if given else 0.1):
            self.aliases += 1
            alias = f"{'abcd'[self.aliases % 4]}{self.aliases}: "
        head = f"{alias}{node.name.value}{given}"
        below: Any = get_named_type(field.type)

        def whole(part: slice) -> str:
            if node.selection_set is None:
                return head + self.directives()
            some = SelectionSetNode(selections=node.selection_set.selections[part])
            return f"{head}{self.directives()} {self.selection_set(some, below)}"

        if not self.chance(0.12):
            return whole(slice(None))
        return f"{whole(slice(0, 2))} {whole(slice(-2, None))}"

    def fragment(self, parent: GraphQLCompositeType, parts: list[str], again: list[str]) -> list[str]:
        """The parts in a fragment, now and then together with one that is there."""
        body = "{ " + " ".join(parts) + " }"
        if self.chance(0.5):
            return [f"...{f' on {parent.name}' if self.chance(0.5) else ''}{self.directives()} {body}"]
        before = [name for name in self.fragments if name.startswith(f"{parent.name}_")]
        name = f"{parent.name}_{len(self.fragments)}"
        self.fragments[name] = f"fragment {name} on {parent.name} {body}"
        spread = [f"...{name}{self.directives()}"]
        if self.random and before and self.chance(0.3):
            spread.append(f"...{self.random.choice(before)}{self.directives()}")
        if self.chance(0.2):
            again.append(f"...{name}{self.directives()}")
        return spread

    def of_interface(self, interface: GraphQLInterfaceType) -> str:
        """What an interface has, selected of an object."""
        leaves = [name for name, field in interface.fields.items() if not hasattr(get_named_type(field.type), "fields")]
        return f"... on {interface.name}{self.directives()} {{ {' '.join(leaves)} }}"

    def directives(self) -> str:
        """Mostly none."""
        if self.random is None or not self.chance(0.08):
            return ""
        kind = self.random.choice(["skip", "include"])
        value = self.chance(0.2 if kind == "skip" else 0.8)
        condition = str(value).lower()
        if self.chance(0.5):
            condition = self.variable("Boolean!", *((condition, ABSENT) if self.chance(0.3) else (None, value)))
        return f" @{kind}(if: {condition})"

    def argument(self, node: ArgumentNode, argument: GraphQLArgument) -> str:
        """An argument: left out if it may be, as it is, or by a variable."""
        name, type_ = node.name.value, argument.type
        if not is_required_argument(argument) and self.chance(0.85 if name == "after" else 0.3):
            return ""
        if self.random is None or not self.chance(0.3):
            return f"{name}: {print_ast(node.value)}"
        value = value_from_ast_untyped(node.value)
        if not isinstance(type_, GraphQLNonNull):
            value = self.random.choice([value, value, None, ABSENT])
            declared, default = str(type_), print_ast(node.value) if self.chance(0.2) else None
        else:
            declared, default = str(type_), None
        if self.chance(0.04):
            value = {"wrong": value if isinstance(value, str) else None}
        elif value not in (None, ABSENT) and is_list_type(get_nullable_type(type_)) and value and self.chance(0.5):
            items = [self.variable("ID!", None, each) if self.chance(0.5) else f'"{each}"' for each in value]
            return f"{name}: [{', '.join(items)}]"
        return f"{name}: {self.variable(declared, default, value)}"

    def variable(self, type_: str, default: str | None, value: Any) -> str:
        """A new variable, to be used in one place."""
        name = f"v{len(self.variables)}"
        self.variables[name] = (f"{type_} = {default}" if default else type_, value)
        return f"${name}"
