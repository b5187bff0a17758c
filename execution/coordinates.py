"""Which fields an operation's document asks for, as schema coordinates: https://spec.graphql.org/draft/#sec-Schema-Coordinates"""

from typing import Any

from graphql import FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, visit

from execution.documents import Operation


def coordinates(schema: GraphQLSchema, operation: Operation) -> set[str]:
    """Such as `User.handle`; every object has `__typename`, which isn't among them."""
    fields = _Fields(schema)
    visit(operation.document, TypeInfoVisitor(fields.info, fields))
    return fields.found


class _Fields(Visitor):
    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.info = TypeInfo(schema)
        self.found: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Put the field down."""
        if node.name.value != "__typename":
            self.found.add(f"{self.info.get_parent_type()}.{node.name.value}")
