"""Every query that the application executes in a test is executed by the other executor, too: they must agree.

Subscriptions' events are queries, here. Mutations aren't: they can't be executed twice. The suite runs with
STARLING_EXECUTOR=reference for these, and `tests/execution/test_mutations.py` compares them on two databases.
"""

from collections import Counter
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, ClassVar

from graphql import ExecutionResult

from core.errors import Unavailable
from execution.compiled import Plans
from execution.documents import Operation
from execution.executor import Executor
from execution.reference import Reference
from loaders.context import Context
from resolvers import limits
from tests.execution.oracle import difference, recorded

ATTEMPTS = 4
"""How often two answers may differ because something changed meanwhile."""


class SecondOpinion:
    """The application's executor, with the other one beside it."""

    is_asked: ClassVar[bool] = False
    differences: ClassVar[list[str]] = []
    unsupported: ClassVar[Counter[str]] = Counter()

    def __init__(self, executor: Executor) -> None:
        self.schema = executor.schema
        self.executor = executor
        self.is_compiled = isinstance(executor, Plans)
        self.other: Executor = Reference(self.schema) if self.is_compiled else Plans(self.schema)

    async def execute(
        self, operation: Operation, context: Context, variables: dict[str, Any] | None = None, root: object = None
    ) -> ExecutionResult:
        """The application's answer, once both agree."""
        if operation.kind == "mutation" or not self.is_asked:
            return await self.executor.execute(operation, context, variables, root)
        with recorded() as failures:
            answer = await self.executor.execute(operation, context, variables, root)
            if not any(isinstance(error.original_error, Unavailable) for error in answer.errors or ()):
                await self._compare(answer, failures, operation, context, variables, root)
        plans = self.executor if self.is_compiled else self.other
        self.unsupported.update(plans.unsupported)  # type: ignore[attr-defined]
        plans.unsupported.clear()  # type: ignore[attr-defined]
        return answer

    async def _compare(self, answer: ExecutionResult, failures: list[Any], operation: Operation, *given: Any) -> None:
        difference_found = ""
        for _ in range(ATTEMPTS):
            other = await self._again(self.other, operation, *given)
            try:
                difference(*((answer, other) if self.is_compiled else (other, answer)), failures)
            except AssertionError as error:
                difference_found = str(error)
            else:
                return
            failures.clear()
            answer = await self._again(self.executor, operation, *given)
        self.differences.append(f"{operation.text} with {given[1]}: {difference_found}")

    async def _again(
        self, executor: Executor, operation: Operation, context: Context, variables: Any, root: Any
    ) -> ExecutionResult:
        afresh = context.afresh()
        afresh.live_cursor = context.live_cursor
        token = _stands_still.set(True)
        try:
            return await executor.execute(operation, afresh, variables, root)
        finally:
            _stands_still.reset(token)


_stands_still = ContextVar("stands_still", default=False)


class Clock(datetime):
    """Stands still where two answers are compared, so that `rateLimit { resetAt }` is the same twice."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime(2026, 5, 4, 9, 30, tzinfo=UTC) if _stands_still.get() else datetime.now(tz)


limits.datetime = Clock  # type: ignore[misc]
