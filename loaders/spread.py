"""Which operations read from the replica."""

from typing import Any

from graphql import ExecutionResult

from core.writers import Writers
from execution.documents import Operation
from execution.executor import Executor
from loaders.context import Context
from loaders.replica import Replica, ReplicaFirst


class Spread:
    """An executor over primary and replica. Queries read from the replica, but for those

    - of whoever wrote within the last seconds and would miss it;
    - that hand over to live updates: what happened before their cursor has to be in the answer.

    All else, mutations' answers and live events among it, reads from the primary.
    """

    def __init__(self, executor: Executor, replica: Replica, writers: Writers) -> None:
        self.schema = executor.schema
        self._executor, self._replica, self._writers = executor, replica, writers

    async def execute(
        self, operation: Operation, context: object, variables: dict[str, Any] | None = None, root: object = None
    ) -> ExecutionResult:
        """The executor's answer."""
        assert isinstance(context, Context)
        if operation.kind == "mutation":
            return await self._change(operation, context, variables)
        if operation.kind == "query" and await self._may_lag(operation, context):
            context.read_from(ReplicaFirst(self._replica, context.db))
        return await self._executor.execute(operation, context, variables, root)

    async def _change(
        self, operation: Operation, context: Context, variables: dict[str, Any] | None
    ) -> ExecutionResult:
        before = context.viewer.user_id
        try:
            return await self._executor.execute(operation, context, variables)
        finally:
            for writer in {before, context.viewer.user_id}:  # who signs in is somebody only afterwards
                if writer is not None:
                    await self._writers.remember(writer)

    async def _may_lag(self, operation: Operation, context: Context) -> bool:
        if not self._replica.keeps_up or "liveCursor" in operation.text:
            return False
        reader = context.viewer.user_id
        return reader is None or not await self._writers.include(reader)
