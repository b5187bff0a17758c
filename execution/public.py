"""Operations whose answer is the same for everybody who isn't signed in: all their fields are declared public."""

from typing import Any
from weakref import WeakKeyDictionary

from graphql import (
    BREAK,
    FieldNode,
    GraphQLField,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    is_abstract_type,
    visit,
)

from execution.documents import Operation


class Public:
    """Which operations of a schema are public, found out once for each."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: WeakKeyDictionary[Operation, bool] = WeakKeyDictionary()

    def covers(self, operation: Operation) -> bool:
        """Whether every field of the operation's document is public."""
        known = self._known.get(operation)
        if known is None:
            fields = _Fields(self._schema)
            visit(operation.document, TypeInfoVisitor(fields.info, fields))
            known = self._known[operation] = fields.are_public
        return known


class _Fields(Visitor):
    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.info = TypeInfo(schema)
        self.are_public = True
        self._schema = schema

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        """Stop at the first field that isn't."""
        if not all(map(_is_public, self._possible(node))):
            self.are_public = False
            return BREAK
        return None

    def _possible(self, node: FieldNode) -> list[GraphQLField | None]:
        """The field itself, and where its type is abstract, that of each type that may be meant."""
        name, parent = node.name.value, self.info.get_parent_type()
        if name == "__typename":
            return []
        fields = [self.info.get_field_def()]
        if is_abstract_type(parent):
            fields += [self._schema.get_field(each, name) for each in self._schema.get_possible_types(parent)]
        return fields


def _is_public(field: GraphQLField | None) -> bool:
    definition = field.extensions.get("strawberry-definition") if field else None
    return bool(getattr(definition, "metadata", {}).get("public"))
