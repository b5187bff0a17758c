"""A field's arguments: worked out once where they can't change, else for a run, or for each object where they may be
changed by whom they are given to.
"""

from typing import TYPE_CHECKING, Any

from graphql import Node, VariableNode, Visitor, get_nullable_type, is_leaf_type, visit
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_arguments

if TYPE_CHECKING:
    from strawberry import Info
    from strawberry.schema import BaseSchema

    from execution.level import Field

Values = dict[str, Any]
NO_VARIABLES = VariableValues({}, {})


class Arguments:
    """How a field's arguments come about: as graphql-core gives them, or with a schema as Strawberry does."""

    def __init__(self, field: "Field", schema: "BaseSchema | None" = None) -> None:
        self._field, self._schema = field, schema
        self.are_shared = all(is_leaf_type(get_nullable_type(each.type)) for each in field.definition.args.values())
        """Whether one set serves all objects of a level: there are neither lists nor inputs among them."""
        self._constant: Values | None = None
        if self.are_shared and not _has_variables(field.nodes[0]):
            try:
                self._constant = self._work_out(NO_VARIABLES, None)
            except Exception:  # each run will fail alike, with the place in the response
                self._constant = None

    def of(self, variables: VariableValues, info: "Info[Any, Any] | None" = None) -> Values:
        """The arguments by the names of the resolver's parameters. Raises what coercion does."""
        return self._work_out(variables, info) if self._constant is None else self._constant

    def _work_out(self, variables: VariableValues, info: "Info[Any, Any] | None") -> Values:
        field = self._field
        values = get_argument_values(field.definition, field.nodes[0], variables)
        if self._schema is None or field.strawberry is None:
            return values
        return convert_arguments(
            values,
            field.strawberry.arguments,
            scalar_registry=self._schema.schema_converter.scalar_registry,
            config=self._schema.config,
            info=info,
        )


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, _node: VariableNode, *_: object) -> None:
        self.found = True


def _has_variables(node: Node) -> bool:
    visitor = _Variables()
    for argument in getattr(node, "arguments", None) or ():
        visit(argument, visitor)
    return visitor.found
