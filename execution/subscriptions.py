"""Subscriptions: a source of events, each of which is executed like a query with the event as its root.

GraphQL specification, section 6.2.3.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLSchema

from execution import reference
from execution.documents import Operation


class Executor(Protocol):
    """What executes operations: `compiled.Plans`, or `reference.Reference`."""

    schema: GraphQLSchema

    async def execute(
        self, operation: Operation, context: object, variables: dict[str, Any] | None = None, root: object = None
    ) -> ExecutionResult:
        """The answer to a query or mutation, or to one event of a subscription, which is its root."""


async def subscribe(
    executor: Executor,
    operation: Operation,
    context: object,
    variables: dict[str, Any] | None,
    *,
    afresh: Callable[[], object],
) -> ExecutionResult | AsyncIterator[ExecutionResult]:
    """A subscription's answers, one for each event, each with a context of its own made by `afresh`.

    An ExecutionResult with errors where the source can't be had.
    """
    source = await reference.source(executor.schema, operation, context, variables)
    if isinstance(source, ExecutionResult):
        return source
    return _answers(executor, operation, variables, source, afresh)


async def _answers(
    executor: Executor,
    operation: Operation,
    variables: dict[str, Any] | None,
    source: AsyncIterator[Any],
    afresh: Callable[[], object],
) -> AsyncIterator[ExecutionResult]:
    try:
        async for event in source:
            yield await executor.execute(operation, afresh(), variables, event)
    finally:
        await source.aclose()  # type: ignore[attr-defined]
