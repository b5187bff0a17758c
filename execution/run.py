"""One run of a plan: what came with the request, and what went wrong so far."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from graphql import FragmentDefinitionNode, GraphQLResolveInfo, GraphQLSchema, OperationDefinitionNode
from graphql.execution import Executor, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from strawberry import Info
from strawberry.types.field import StrawberryField

from execution.errors import Failure, nulls
from execution.places import FieldPlace, Place, field_path

if TYPE_CHECKING:
    from execution.level import Field


class Run:
    """Everything that is different from one execution of a plan to the next."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        context: Any,
        variables: VariableValues,
        root: Any,
    ) -> None:
        self.schema, self.operation, self.fragments = schema, operation, fragments
        self.context, self.variables, self.root = context, variables, root
        self.failures: list[Failure] = []

    def fail(self, field: "Field", place: Place, index: int, error: Exception) -> None:
        """Note that there is nothing at a position."""
        self.failures.append(Failure(error, field.nodes, place, index))

    def info(self, field: "Field", place: Place, index: int) -> GraphQLResolveInfo[Any]:
        """What graphql-core tells a resolver, or whoever tells a value's type."""
        path = field_path(place.trace(index))
        return self.executor.build_resolve_info(field.definition, field.nodes, field.parent, path)

    @property
    def is_lost(self) -> bool:
        """Whether the whole answer is null by now."""
        return any(not nulls(failure.place.trace(failure.index)) for failure in self.failures)

    @cached_property
    def executor(self) -> Executor[Any]:
        """graphql-core's state of the same run, for what resolvers may ask of it."""
        definitions: dict[str, FragmentDefinitionNode] = {
            name: details.definition for name, details in self.fragments.items()
        }
        return Executor(
            self.schema,
            definitions,
            self.fragments,
            self.root,
            self.context,
            self.operation,
            self.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
        )


class InfoOnDemand(Info[Any, Any]):
    """A Strawberry Info that is put together when a resolver asks for more than its context."""

    def __init__(self, run: Run, field: "Field", place: FieldPlace, index: int) -> None:
        self._run, self._place, self._index = run, place, index
        self._of = field
        self._field = cast("StrawberryField", field.strawberry)

    @property
    def context(self) -> Any:
        """What came with the request."""
        return self._run.context

    @cached_property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:  # type: ignore[override]
        return self._run.info(self._of, self._place, self._index)
