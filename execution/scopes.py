"""What a caller must be good for to be given a field: declared beside it or its type, checked before anything runs.

A scope is any string. A field needs its own, or else its type's; one that gives an interface or a union needs those of
all types that it may give, as even which of them it is says something. What an operation needs is found out once.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from strawberry.schema_directive import Location

from execution.documents import Operation, Refused


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="requiresScope",
    description="What a token with scopes must have for the field, or for those of the type's fields that name none.",
)
class RequiresScope:
    """What a field, or a type's fields, need."""

    scope: str


@dataclass(frozen=True, slots=True)
class Need:
    """A scope, and the first field of an operation that needs it."""

    scope: str
    coordinate: str
    path: tuple[str, ...]
    node: FieldNode


class InsufficientScope(Refused):
    """The caller hasn't the `scopes` that the operation needs."""

    def __init__(self, scopes: Collection[str], missing: Collection[Need]) -> None:
        super().__init__([_error(need) for need in missing])
        self.scopes = tuple(scopes)


def _error(need: Need) -> GraphQLError:
    extensions = {"code": "INSUFFICIENT_SCOPE", "scope": need.scope, "field": need.coordinate}
    message = f"{need.coordinate} needs the scope {need.scope}, which this token hasn't."
    return GraphQLError(message, need.node, path=need.path, extensions=extensions)


class Needs:
    """What the operations of one schema need."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: WeakKeyDictionary[Operation, dict[str, Need]] = WeakKeyDictionary()

    def of(self, operation: Operation) -> dict[str, Need]:
        """By scope, in the document's order; skipped fields count as if they weren't."""
        found = self._known.get(operation)
        if found is None:
            found = self._known[operation] = {}
            for need in _Walk(self._schema, operation).needs():
                found.setdefault(need.scope, need)
        return found

    def check(self, operation: Operation, granted: Collection[str]) -> None:
        """Raises InsufficientScope, which names every scope that is missing."""
        needs = self.of(operation)
        if missing := [need for scope, need in needs.items() if scope not in granted]:
            raise InsufficientScope(needs, missing)


def scopes_of(schema: GraphQLSchema, type_: GraphQLObjectType, name: str) -> set[str]:
    """What a field of an object needs, without what is selected of it."""
    field = schema.get_field(type_, name)
    if field is None:
        return set()
    needed = {_declared(field) or _declared(type_)}
    given = get_named_type(field.type)
    if is_abstract_type(given):
        needed |= {_declared(each) for each in schema.get_possible_types(given)}
    return {scope for scope in needed if scope and name != "__typename"}


def _declared(of: GraphQLField | GraphQLObjectType) -> str | None:
    directives = getattr(of.extensions.get("strawberry-definition"), "directives", None) or ()
    return next((each.scope for each in directives if isinstance(each, RequiresScope)), None)


class _Walk:
    """Through an operation's selections, with its fragments written out: admission has bounded how many that are."""

    def __init__(self, schema: GraphQLSchema, operation: Operation) -> None:
        self._schema, self._operation = schema, operation
        definitions = operation.document.definitions
        self._fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}

    def needs(self) -> Iterator[Need]:
        """Every field's."""
        definition = self._operation.definition
        root = self._schema.get_root_type(definition.operation)
        yield from self._below(definition.selection_set, self._possible(root), ())

    def _below(
        self, selected: SelectionSetNode, types: frozenset[GraphQLObjectType], path: tuple[str, ...]
    ) -> Iterator[Need]:
        """Of what is selected of an object of one of these types."""
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield from self._field(node, types, (*path, (node.alias or node.name).value))
            elif isinstance(node, InlineFragmentNode | FragmentSpreadNode):
                fragment = node if isinstance(node, InlineFragmentNode) else self._fragments[node.name.value]
                on = fragment.type_condition
                narrowed = types & self._possible(self._schema.type_map[on.name.value]) if on else types
                yield from self._below(fragment.selection_set, narrowed, path)

    def _field(self, node: FieldNode, types: frozenset[GraphQLObjectType], path: tuple[str, ...]) -> Iterator[Need]:
        name = node.name.value
        for type_ in sorted(types, key=str):
            for scope in sorted(scopes_of(self._schema, type_, name)):
                yield Need(scope, f"{type_}.{name}", path, node)
        if node.selection_set:
            fields = [self._schema.get_field(type_, name) for type_ in types]
            given = [self._possible(get_named_type(field.type)) for field in fields if field]
            yield from self._below(node.selection_set, frozenset().union(*given), path)

    def _possible(self, type_: object) -> frozenset[GraphQLObjectType]:
        if is_abstract_type(type_):
            return frozenset(self._schema.get_possible_types(type_))
        return frozenset([type_]) if is_object_type(type_) else frozenset()
