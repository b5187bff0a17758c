"""Operations over any schema, made up at random: valid, bounded, and with everything that GraphQL's language has."""

from collections.abc import Mapping
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    is_required_argument,
    parse,
    validate,
)

Values = Mapping[str, list[Any]]
"""Literals by an argument's name, or by its type's."""
Generated = tuple[str, dict[str, Any]]


class Generator:
    """Makes operations up. The same random numbers make the same operations."""

    def __init__(
        self, schema: GraphQLSchema, random: Random, values: Values, *, depth: int = 6, width: int = 4
    ) -> None:
        self.schema, self.random, self.values = schema, random, values
        self.depth, self.width = depth, width
        self.avoid: set[str] = set()

    def query(self) -> Generated:
        """A valid query and its variables."""
        while True:
            text, variables = self._query()
            if not validate(self.schema, parse(text), max_errors=1):
                return text, variables

    def _query(self) -> Generated:
        self.fragments: dict[str, str] = {}
        self.variables: dict[str, tuple[str, Any]] = {}
        self.aliases = 0
        assert self.schema.query_type
        body = self.selection(self.schema.query_type, self.depth)
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in self.variables.items())
        head = f"query Q({declared})" if declared else "query Q"
        given = {name: value for name, (_, value) in self.variables.items() if value is not ...}
        return " ".join([head, body, *self.fragments.values()]), given

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        """What is selected of an object of the type."""
        parts = [self.part(type_, depth) for _ in range(self.random.randint(1, self.width))]
        return "{ " + " ".join([*filter(None, parts), *([] if any(parts) else ["__typename"])]) + " }"

    def part(self, type_: GraphQLNamedType, depth: int) -> str:
        """A field or a fragment; nothing where it would lead too deep."""
        roll = self.random.random()
        if roll < 0.08:
            return "__typename" + self.directives()
        if roll < (0.7 if isinstance(type_, GraphQLUnionType) else 0.25):
            return self.fragment(type_, depth)
        fields = getattr(type_, "fields", {})
        names = [name for name in fields if f"{type_.name}.{name}" not in self.avoid]
        return self.field(fields, self.random.choice(names), depth) if names else ""

    def field(self, fields: Mapping[str, GraphQLField], name: str, depth: int) -> str:
        """One field, now and then twice, to be merged."""
        field = fields[name]
        kind = get_named_type(field.type)
        if is_composite_type(kind) and depth <= 0:
            return ""
        arguments = self.arguments(field)
        alias = ""
        if arguments or self.random.random() < 0.1:
            self.aliases += 1
            alias = f"{'abcdefgh'[self.aliases % 8]}{self.aliases}: "
        head = f"{alias}{name}{arguments}"

        def whole() -> str:
            return head + self.directives() + (f" {self.selection(kind, depth - 1)}" if is_composite_type(kind) else "")

        return f"{whole()} {whole()}" if self.random.random() < 0.12 else whole()

    def fragment(self, type_: GraphQLNamedType, depth: int) -> str:
        """A fragment on the type, or on one that it may be, inline or by name."""
        on = self.random.choice([type_, *self.alike(type_)])
        if self.random.random() < 0.5:
            condition = f" on {on.name}" if on is not type_ or self.random.random() < 0.5 else ""
            return f"...{condition}{self.directives()} {self.selection(on, depth - 1)}"
        same = [name for name in self.fragments if name.startswith(f"{on.name}_")]
        if same and self.random.random() < 0.4:
            return f"...{self.random.choice(same)}{self.directives()}"
        body = self.selection(on, min(depth, 2) - 1)
        name = f"{on.name}_{len(self.fragments)}"
        self.fragments[name] = f"fragment {name} on {on.name} {body}"
        return f"...{name}{self.directives()}"

    def alike(self, type_: GraphQLNamedType) -> list[GraphQLNamedType]:
        """The types that an object of this type may be, too."""
        if isinstance(type_, GraphQLUnionType | GraphQLInterfaceType):
            return list(self.schema.get_possible_types(type_))
        return list(type_.interfaces) if isinstance(type_, GraphQLObjectType) else []

    def directives(self) -> str:
        """Mostly none."""
        if self.random.random() > 0.12:
            return ""
        kind = self.random.choice(["skip", "include"])
        value = self.random.random() < (0.2 if kind == "skip" else 0.8)
        condition = str(value).lower()
        if self.random.random() < 0.5:
            name = f"v{len(self.variables)}"
            by_default = self.random.random() < 0.3
            self.variables[name] = (
                f"Boolean! = {condition}" if by_default else "Boolean!",
                ... if by_default else value,
            )
            condition = f"${name}"
        return f" @{kind}(if: {condition})"

    def arguments(self, field: GraphQLField) -> str:
        """The required arguments, and some of the others."""
        given = [
            f"{name}: {self.value(name, argument)}"
            for name, argument in field.args.items()
            if is_required_argument(argument) or self.random.random() < 0.5
        ]
        return f"({', '.join(given)})" if given else ""

    def value(self, name: str, argument: GraphQLArgument) -> str:
        """A literal, or a variable that has its value."""
        value = self.plain(name, argument)
        if self.random.random() < 0.7:
            return self.literal(argument, value)
        variable = f"v{len(self.variables)}"
        absent = not isinstance(argument.type, GraphQLNonNull) and self.random.random() < 0.15
        self.variables[variable] = (str(argument.type), ... if absent else value)
        return f"${variable}"

    def plain(self, name: str, argument: GraphQLArgument) -> Any:
        """A value as JSON."""
        type_ = get_nullable_type(argument.type)
        if not isinstance(argument.type, GraphQLNonNull) and self.random.random() < 0.1:
            return None
        kind = get_named_type(type_)
        if isinstance(kind, GraphQLEnumType):
            return self.random.choice(list(kind.values))
        choices = self.values.get(name) or self.values[kind.name]
        if is_list_type(type_):
            return [self.random.choice(choices) for _ in range(self.random.randint(0, 4))]
        return self.random.choice(choices)

    def literal(self, argument: GraphQLArgument, value: Any) -> str:
        """The value as GraphQL writes it."""
        if isinstance(value, list):
            return "[" + ", ".join(self.literal(argument, each) for each in value) + "]"
        if value is None or isinstance(value, bool | int):
            return (
                {None: "null", True: "true", False: "false"}.get(value, str(value))
                if type(value) is not int
                else str(value)
            )
        return value if isinstance(get_named_type(argument.type), GraphQLEnumType) else f'"{value}"'
