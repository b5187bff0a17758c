"""A transaction of writes: statements in the order of the code, in as few round trips as their answers allow."""

from functools import cache
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Executable, bindparam, insert, inspect, text

from core.line import Command, Line
from core.lines import Lines
from core.prepared import FORGOTTEN
from core.statements import Compiled, compiled

M = TypeVar("M")
_BEGIN, _COMMIT, _ROLLBACK = (Command(compiled(text(words))) for words in ("begin", "commit", "rollback"))


class Transaction:
    """One transaction, and whether there is something to tell once it is committed.

    What nobody waits for the answer of is sent with the next statement that somebody does, or with the commit; so an
    error may show later than its statement. Nothing that was acknowledged depends on that: all of it holds, or none.
    """

    def __init__(self, lines: Lines) -> None:
        self.has_events = False
        self._lines = lines
        self._line: Line | None = None
        self._unsent: list[Command] = []

    async def insert(self, model: type[M], **values: Any) -> M:
        """The new row, with what the database filled in. Raises psycopg.Error, as all of these do."""
        self._unsent.append(_bound(_inserting(cast(Any, model), tuple(values)), values))
        return cast(M, (await self._send())[0])

    async def rows(self, statement: Executable, **parameters: Any) -> list[Any]:
        """The rows that a SELECT found, or that an INSERT, UPDATE or DELETE … RETURNING touched: named tuples."""
        self.later(statement, **parameters)
        return await self._send()

    async def first(self, statement: Executable, **parameters: Any) -> Any | None:
        """The first of the rows, None where there is none."""
        rows = await self.rows(statement, **parameters)
        return rows[0] if rows else None

    def later(self, statement: Executable, **parameters: Any) -> None:
        """Have a statement executed after those before it and before those after it; nobody waits for it."""
        self._unsent.append(_bound(compiled(statement), parameters))

    async def flush(self) -> None:
        """Have everything executed that was left for later."""
        if self._unsent:
            await self._send()

    async def commit(self) -> None:
        """Make it last, if it did anything."""
        if self._line is None and not self._unsent:
            return
        if self._line and self._line.has_failed:
            raise psycopg.errors.InFailedSqlTransaction("A statement failed: there is nothing to commit.")
        self._unsent.append(_COMMIT)
        await self._send()

    async def end(self) -> None:
        """Undo what isn't committed, and give the connection back."""
        try:
            if self._line and self._line.is_in_transaction:
                await self._line.run([_ROLLBACK])
        except psycopg.OperationalError:
            pass  # the connection broke, and the transaction with it
        finally:
            self._give_back()

    async def _send(self) -> list[Any]:
        batch, self._unsent = self._unsent, []
        return await (self._line.run(batch) if self._line else self._begin(batch))

    async def _begin(self, batch: list[Command]) -> list[Any]:
        """Begin with a batch; once more on another connection if this one died while it was idle, or forgot itself."""
        batch = [_BEGIN, *batch]
        self._line = await self._lines.take()
        try:
            return await self._line.run(batch)
        except (psycopg.OperationalError, *FORGOTTEN):
            if self._line.is_open or batch[-1] is _COMMIT:
                raise
        self._give_back()
        self._line = await self._lines.take()
        return await self._line.run(batch)

    def _give_back(self) -> None:
        line, self._line = self._line, None
        if line:
            self._lines.give(line)


def _bound(statement: Compiled, parameters: dict[str, Any]) -> Command:
    return Command(statement, statement.bind(parameters))


@cache
def _inserting(model: Any, names: tuple[str, ...]) -> Compiled:
    columns = [each.class_attribute for each in inspect(model).column_attrs if not each.deferred]
    return compiled(insert(model).values({name: bindparam(name) for name in names}).returning(*columns))
