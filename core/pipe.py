"""One connection in libpq's pipeline mode: statements are sent as they come, and answered in that order.

Each statement has a Sync of its own, so that one that fails takes no other along. Statements are prepared by name, and
what the server says of their parameters and columns fixes how values are written and read, in binary, from then on.
"""

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

import psycopg
from psycopg.errors import QueryCanceled, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

from core.arrays import IntListDumper
from core.prepared import FORGOTTEN, STATEMENTS, Prepared
from core.statements import Compiled

SLOW = 0.05
"""Seconds after which a statement counts as one that holds up those behind it."""
CANCEL_TIMEOUT = 2.0


@dataclass(slots=True, eq=False)
class Query:
    """A statement with its parameters, the future of its rows, and the loop's time when it was asked for."""

    compiled: Compiled
    values: Sequence[Any]
    answer: Future[list[Any]]
    since: float

    def settle(self, outcome: list[Any] | Exception) -> None:
        """Give rows or an error to whoever waits for it, if anybody still does."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class Owner(Protocol):
    """Who is told how a pipe fares."""

    def freed(self, pipe: "Pipe") -> None:
        """Something was answered."""

    def ended(self, pipe: "Pipe", *, broke: bool) -> None:
        """The pipe is closed; whether its connection broke."""

    def again(self, queries: list[Query]) -> None:
        """These are behind a slow statement: let another pipe answer them."""


class Pipe:
    """Sends queries and answers them."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], owner: Owner, patience: float) -> None:
        self.takes_more = True
        self._connection, self._pg = connection, connection.pgconn
        connection.adapters.register_dumper(None, IntListDumper)  # None: chosen by the parameter's type
        self._owner, self._patience = owner, patience
        self._loop = asyncio.get_running_loop()
        self._prepared: dict[str, Prepared] = {}
        self._expected: deque[tuple[Prepared, Query]] = deque()
        """What the server is going to answer; for a statement that isn't described yet, its description."""
        self._results: list[PGresult] = []
        self._since = 0.0
        """When the server began with what is expected first."""
        self._watch: asyncio.TimerHandle | None = None
        self._cancelling: asyncio.Task[None] | None = None
        self._retired = self._closed = False
        self._names = 0
        self._socket = self._pg.socket
        self._pg.enter_pipeline_mode()
        self._pg.nonblocking = 1
        self._loop.add_reader(self._socket, self._read)

    @property
    def load(self) -> int:
        """Queries that the server has yet to answer."""
        return len(self._expected)

    def send(self, query: Query) -> None:
        """Send a query. One with a new statement is alone until that is described: it may have to wait for a lock."""
        if self._watch is None:
            self._watch = self._loop.call_later(SLOW, self._look)
        prepared = self._prepared.get(query.compiled.sql)
        if prepared is None:
            self._prepare(query)
        else:
            self._execute(prepared, query)

    def retire(self) -> None:
        """Take no more queries, and close when those that were sent are answered."""
        self._retired, self.takes_more = True, False
        if not self._expected:
            self.close(psycopg.OperationalError("The connection was closed."))

    def close(self, error: Exception, *, broke: bool = False) -> None:
        """Close the connection at once; what isn't answered fails with the error."""
        if self._closed:
            return
        self._closed, self._retired, self.takes_more = True, True, False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        if self._watch:
            self._watch.cancel()
        self._pg.finish()
        for _, query in self._expected:
            query.settle(error)
        self._owner.ended(self, broke=broke)

    # What is sent

    def _prepare(self, query: Query) -> None:
        self._names += 1
        prepared = Prepared(b"s%d" % self._names, query.compiled.sql)
        self.takes_more = False
        self._expect(prepared, query)
        try:
            prepared.prepare(self._pg)
            self._sync()
        except psycopg.OperationalError as error:
            self._loop.call_soon(self._break, error)

    def _execute(self, prepared: Prepared, query: Query) -> None:
        try:
            dumped = prepared.dump(query.values)
        except Exception as error:  # a value that its parameter can't have
            query.settle(error)
            return
        self._expect(prepared, query)
        try:
            prepared.execute(self._pg, dumped)
            self._sync()
        except psycopg.OperationalError as error:
            self._loop.call_soon(self._break, error)

    def _expect(self, prepared: Prepared, query: Query) -> None:
        if not self._expected:
            self._since = self._loop.time()
        self._expected.append((prepared, query))

    def _sync(self) -> None:
        self._pg.pipeline_sync()
        if self._pg.flush():  # the server takes no more for the moment
            self._loop.add_writer(self._socket, self._write)

    def _write(self) -> None:
        try:
            if not self._pg.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self._break(error)

    # What comes back

    def _read(self) -> None:
        pg = self._pg
        try:
            pg.consume_input()
            while self._expected and not pg.is_busy():
                result = pg.get_result()
                if result is None:  # the end of one command's results
                    if pg.status != ConnStatus.OK:
                        raise psycopg.OperationalError("The connection broke.")
                elif result.status == ExecStatus.PIPELINE_SYNC:
                    self._answered(*self._expected.popleft())
                else:
                    self._results.append(result)
        except psycopg.OperationalError as error:
            self._break(error)

    def _answered(self, prepared: Prepared, query: Query) -> None:
        results, self._results = self._results, []
        self._since, self.takes_more = self._loop.time(), not self._retired
        if prepared.transformer:
            query.settle(self._rows(prepared, query, results[0]))
        elif results[-1].status == ExecStatus.COMMAND_OK:
            self._describe(prepared, results[-1])
            if not query.answer.done():
                self._execute(prepared, query)
        else:
            query.settle(error_from_result(results[0]))
        if self._retired:
            self.retire()
        self._owner.freed(self)

    def _describe(self, prepared: Prepared, description: PGresult) -> None:
        prepared.describe(self._connection, description)
        self._prepared[prepared.sql] = prepared
        if len(self._prepared) >= STATEMENTS:
            self._retired, self.takes_more = True, False

    def _rows(self, prepared: Prepared, query: Query, result: PGresult) -> list[Any] | Exception:
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            error = error_from_result(result)
            if isinstance(error, FORGOTTEN) and self._prepared.get(prepared.sql) is prepared:
                del self._prepared[prepared.sql]
            return error
        if query.answer.done():
            return []
        try:
            return prepared.rows(query.compiled, result)
        except Exception as error:  # a value that Python hasn't got
            return error

    # What goes wrong

    def _break(self, error: Exception) -> None:
        self.close(error, broke=True)

    def _look(self) -> None:
        """See to a statement that takes long: those behind it go elsewhere, and it ends where nobody waits for it."""
        self._watch = self._loop.call_later(SLOW, self._look) if self._expected else None
        age = self._loop.time() - self._since
        if not self._expected or age < SLOW:
            return
        self.takes_more = False
        self._owner.again(self._take_back())
        if age >= self._patience:
            self.close(QueryCanceled("The database doesn't answer."))
        elif self._expected[0][1].answer.done():
            self.retire()
            self._cancelling = self._cancelling or self._loop.create_task(self._cancel())

    def _take_back(self) -> list[Query]:
        """The queries behind what is expected first. The server will answer those that were sent, but to nobody."""
        head, *behind = self._expected
        nobody = self._loop.create_future()
        nobody.cancel()
        self._expected = deque([head, *((prepared, replace(query, answer=nobody)) for prepared, query in behind)])
        return [query for _, query in behind if not query.answer.done()]

    async def _cancel(self) -> None:
        with suppress(psycopg.Error, OSError):
            await self._connection.cancel_safe(timeout=CANCEL_TIMEOUT)
        self.close(psycopg.OperationalError("The statement was cancelled."))
