"""One run of a plan: what came with the request, and what went wrong so far."""

from asyncio import gather
from collections.abc import Coroutine, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

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

T = TypeVar("T")


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
        self.branches = 1
        """How many parts of the operation go on side by side, so that one should wait for the others' keys."""

    async def side_by_side(self, parts: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """What the parts return, run together."""
        if len(parts) == 1:
            return [await parts[0]]

        async def one(part: Coroutine[Any, Any, T]) -> T:
            try:
                return await part
            finally:
                self.branches -= 1

        self.branches += len(parts) - 1
        try:
            return await gather(*map(one, parts))
        finally:
            self.branches += 1

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
