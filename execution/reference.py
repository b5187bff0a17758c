"""The reference executor: graphql-core, which is right about everything and in no hurry."""

from collections.abc import AsyncIterator
from typing import Any, cast

from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from graphql.execution import Executor, create_source_event_stream
from graphql.execution import execute as graphql_execute

from execution.documents import Operation


class Reference:
    """graphql-core as an executor of one schema's operations."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema

    async def execute(
        self, operation: Operation, context: object, variables: dict[str, Any] | None = None, root: object = None
    ) -> ExecutionResult:
        """The answer to a query or mutation, or to one event of a subscription, which is its root."""
        return await execute(self.schema, operation.document, context, variables, operation.name, root)


async def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: object,
    variables: dict[str, Any] | None = None,
    operation_name: str | None = None,
    root: object = None,
) -> ExecutionResult:
    """The answer to a document's operation."""
    result = graphql_execute(schema, document, root, context, variables, operation_name)
    return result if isinstance(result, ExecutionResult) else await result


async def source(
    schema: GraphQLSchema, operation: Operation, context: object, variables: dict[str, Any] | None = None
) -> ExecutionResult | AsyncIterator[Any]:
    """A subscription's events, or a result with errors where they can't be had."""
    executor = Executor.build(schema, operation.document, None, context, variables, operation.name)
    if isinstance(executor, list):
        return ExecutionResult(None, errors=executor)
    events = create_source_event_stream(executor)
    if executor.is_awaitable(events):
        events = await events
    return cast("ExecutionResult | AsyncIterator[Any]", events)
