"""The reference executor: graphql-core, which is right about everything and in no hurry."""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from graphql.execution import Executor, create_source_event_stream, execute_subscription_event
from graphql.execution import execute as graphql_execute


async def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: object,
    variables: dict[str, Any] | None = None,
    operation_name: str | None = None,
) -> ExecutionResult:
    """The answer to a query or mutation."""
    result = graphql_execute(schema, document, None, context, variables, operation_name)
    return result if isinstance(result, ExecutionResult) else await result


async def subscribe(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: object,
    variables: dict[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    afresh: Callable[[], object],
) -> "ExecutionResult | AsyncIterator[ExecutionResult]":
    """A subscription's answers, one for each event of its source, each with a context of its own made by `afresh`.

    An ExecutionResult with errors where the source can't be had.
    """
    executor = Executor.build(schema, document, None, context, variables, operation_name)
    if isinstance(executor, list):
        return ExecutionResult(None, errors=executor)
    source = create_source_event_stream(executor)
    if executor.is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        return source
    return _answers(executor, cast("AsyncIterator[Any]", source), afresh)


async def _answers(
    executor: Executor[Any], source: AsyncIterator[Any], afresh: Callable[[], object]
) -> AsyncIterator[ExecutionResult]:
    try:
        async for event in source:
            one = executor.build_per_event_executor(event)
            one.context_value = afresh()
            result = execute_subscription_event(one)
            yield result if isinstance(result, ExecutionResult) else await result
    finally:
        await source.aclose()  # type: ignore[attr-defined]
