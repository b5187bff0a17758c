"""What executes operations."""

from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLSchema

from execution.documents import Operation


class Executor(Protocol):
    """`compiled.Plans`, or `reference.Reference`."""

    schema: GraphQLSchema

    async def execute(
        self, operation: Operation, context: object, variables: dict[str, Any] | None = None, root: object = None
    ) -> ExecutionResult:
        """The answer to a query or mutation, or to one event of a subscription, which is its root."""
