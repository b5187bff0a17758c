"""What the answer to a subscription's event depends on, besides the event: who looks, and which variables."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from graphql import ArgumentNode, FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, VariableNode, Visitor, visit

from execution.documents import Operation


@dataclass(slots=True)
class Dependence:
    """Of one operation. What isn't reached by it counts as well: that costs a little sharing, and nothing else."""

    on_viewer: bool
    """Whether two who may both see the event may get different answers."""
    variables: frozenset[str]
    """Those that say more than which events are asked for."""


class Dependences:
    """Of one schema's subscriptions, found out once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: WeakKeyDictionary[Operation, Dependence] = WeakKeyDictionary()

    def of(self, operation: Operation) -> Dependence:
        """What the operation's answers depend on."""
        found = self._known.get(operation)
        if found is None:
            reader = _Reader(TypeInfo(self._schema), self._schema)
            visit(operation.document, TypeInfoVisitor(reader.types, reader))
            found = self._known[operation] = Dependence(reader.on_viewer, frozenset(reader.variables))
        return found


class _Reader(Visitor):
    """Goes through a document. A field says in its metadata whether it is `shared`: see execution/fields.py."""

    def __init__(self, types: TypeInfo, schema: GraphQLSchema) -> None:
        super().__init__()
        self.types, self._root = types, schema.subscription_type
        self.on_viewer = False
        self.variables: set[str] = set()

    def enter_field(self, *_: Any) -> None:
        """A field: the subscription's own is the event."""
        field = self.types.get_field_def()
        declared = field.extensions.get("strawberry-definition") if field else None
        if declared is not None and self.types.get_parent_type() is not self._root:
            self.on_viewer |= not declared.metadata.get("shared", False)

    def enter_argument(self, _node: ArgumentNode, _key: Any, parent: Any, _path: Any, ancestors: list[Any]) -> Any:
        """The arguments of the subscription's field say which events are asked for."""
        is_field = isinstance(ancestors[-1], FieldNode)
        return self.SKIP if is_field and self.types.get_parent_type() is self._root else None

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """A variable that is used."""
        self.variables.add(node.name.value)

    def enter_variable_definition(self, *_: Any) -> Any:
        """A variable that is declared."""
        return self.SKIP
