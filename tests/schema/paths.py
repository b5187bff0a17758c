"""Operations that take every path from Query to a node, found in the schema itself.

A step is one field. What lies between a field and the nodes that it gives (connections, edges, lists, interfaces,
unions, any other object) doesn't count as one: each way through it is a route, and every route is taken. Each choice of
arguments is taken at the root, and below in turns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
    parse,
)

from execution.admission import Limits, admit, admit_text
from execution.price import compile_price

LONGEST = 4
FIRST = (5, 2, 2, 2)
"""How many of a list, by the number of the step: all of a small one, and not so many that the price is too high."""

Route = tuple[str, ...]
"""Selections between a field and a node, e.g. `("edges", "node", "... on Post")`."""


class UnknownArgument(Exception):
    """The test has to be told what to pass."""


@dataclass(frozen=True)
class Step:
    """A field with its arguments, and the routes from it to nodes of one type: paths go on from the first."""

    field: str
    target: str
    routes: tuple[Route, ...]

    def select(self, below: str) -> str:
        """The field's selection, with every node's print, and what is below on the first route."""
        parts = [_within(route, below if route == self.routes[0] else "", self.target) for route in self.routes]
        return f"{self.field} {{ {' '.join(parts)} }}"


class Paths:
    """Every path of up to `LONGEST` fields, packed into as few operations as the limits admit.

    `arguments` are GraphQL literals to choose from by an argument's name; None leaves it out.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, arguments: Mapping[str, Sequence[str | None]]) -> None:
        assert schema.query_type is not None
        self.schema, self.limits, self.arguments, self.root = schema, limits, arguments, schema.query_type
        self.nodes = {each.name: each for each in schema.get_possible_types(schema.type_map["Node"])}
        self._leaves = {name: _leaves(each) for name, each in self.nodes.items()}
        self.prints = {name: self._print(name) for name in self.nodes}
        self._turns = count()

    def operations(self) -> Iterator[str]:
        """All of them, each as large as is admitted."""
        for name, field in self.root.fields.items():
            for literals in self._choices(self.root, name, field, 0):
                for step in self._routed(name, literals, field, turn=0):
                    yield from self._cut([step])

    def leaves(self, target: str) -> list[str]:
        """The fields that make a node's print: all leaves that can be had without an argument."""
        return self._leaves[target]

    def fields_to_nodes(self, kind: GraphQLObjectType) -> list[str]:
        """The names of the fields that a path can go on by."""
        return [name for name, field in kind.fields.items() if any(self._routes(get_named_type(field.type)))]

    def _cut(self, path: list[Step]) -> Iterator[str]:
        """The path and everything below it: as one operation, or as one for each next step."""
        whole = self._operation(path, self._tree(path[-1].target, len(path)))
        if self._is_admitted(whole):
            yield whole
            return
        alone = self._operation(path, "")
        assert self._is_admitted(alone), f"too large, even alone: {alone}"
        yield alone
        for step in self._next(path[-1].target, len(path)):
            yield from self._cut([*path, step])

    def _tree(self, target: str, length: int) -> str:
        """All that can be selected below a node that is `length` fields away."""
        if length == LONGEST:
            return ""
        return " ".join(step.select(self._tree(step.target, length + 1)) for step in self._next(target, length))

    def _next(self, target: str, length: int) -> Iterator[Step]:
        parent = self.nodes[target]
        for name, field in parent.fields.items():
            choices = self._choices(parent, name, field, length)
            if choices:
                turn = next(self._turns)
                yield from self._routed(name, choices[turn % len(choices)], field, turn)

    def _routed(self, name: str, literals: str, field: GraphQLField, turn: int) -> Iterator[Step]:
        """The field once for each type that it leads to, its routes in turns. At the root, the shortest goes on."""
        routes = sorted(self._routes(get_named_type(field.type)), key=lambda route: len(route[0]))
        for target in dict.fromkeys(target for _, target in routes):
            to_target = [route for route, reached in routes if reached == target]
            start = turn % len(to_target)
            yield Step(name + literals, target, (*to_target[start:], *to_target[:start]))

    def _routes(self, kind: GraphQLNamedType, depth: int = 4) -> Iterator[tuple[Route, str]]:
        if kind.name in self.nodes:
            yield (), kind.name
        elif is_abstract_type(kind):
            for each in self.schema.get_possible_types(kind):
                for route, target in self._routes(each, depth):
                    yield (f"... on {each.name}", *route), target
        elif is_object_type(kind) and depth:
            for name, field in kind.fields.items():
                for route, target in self._routes(get_named_type(field.type), depth - 1):
                    yield (name, *route), target

    def _choices(self, parent: GraphQLObjectType, name: str, field: GraphQLField, length: int) -> list[str]:
        """The field's arguments, filled in every way; nothing for a field that leads to no node."""
        if not any(self._routes(get_named_type(field.type))):
            return []
        filled = []
        for each, argument in field.args.items():
            kind = get_named_type(argument.type)
            if each == "first":
                values: Sequence[str | None] = [str(FIRST[length])]
            elif isinstance(kind, GraphQLEnumType):
                values = list(kind.values)
            elif not (values := self.arguments.get(each, ())):
                raise UnknownArgument(f"Say in ARGUMENTS what to pass as `{each}` of {parent.name}.{name}.")
            filled.append([(each, value) for value in values])
        return [_literals(choice) for choice in product(*filled)]

    def _print(self, name: str) -> str:
        return f"fragment {name}Print on {name} {{ __typename {' '.join(self.leaves(name))} }}"

    def _operation(self, path: list[Step], below: str) -> str:
        for step in reversed(path):
            below = step.select(below)
        used = [text for name, text in self.prints.items() if f"...{name}Print" in below]
        return "\n".join((f"{{ {below} }}", *used))

    def _is_admitted(self, operation: str) -> bool:
        try:
            admit_text(operation, self.limits)
            document = parse(operation)
            admit(document, self.limits)
        except GraphQLError:
            return False
        [query] = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        return compile_price(self.schema, document, query).of({}) <= self.limits.price


def _leaves(kind: GraphQLObjectType) -> list[str]:
    fields = kind.fields.items()
    return [name for name, field in fields if is_leaf_type(get_named_type(field.type)) and not field.args]


def _within(route: Route, below: str, target: str) -> str:
    text = f"...{target}Print {below}"
    for name in reversed(route):
        text = f"{name} {{ {text} }}"
    return text


def _literals(choice: Sequence[tuple[str, str | None]]) -> str:
    given = [f"{name}: {value}" for name, value in choice if value is not None]
    return f"({', '.join(given)})" if given else ""
