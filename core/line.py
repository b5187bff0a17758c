"""One connection for transactions, one at a time: batches of statements go out together and are answered together.

It is in libpq's pipeline mode. A batch has one Sync, at its end: nothing after a statement that fails is executed.
"""

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from core.prepared import FORGOTTEN, STATEMENTS, Prepared
from core.statements import Compiled

CANCEL_TIMEOUT = 2.0
IDLE, INTRANS, INERROR = TransactionStatus.IDLE, TransactionStatus.INTRANS, TransactionStatus.INERROR


class Command(NamedTuple):
    """A statement with its parameters."""

    compiled: Compiled
    values: Sequence[Any] = ()


class Line:
    """Runs batches of statements. Once nobody waits for one that the server is busy with, the line has to be ended."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], patience: float) -> None:
        self.is_open = True
        self._connection, self._pg, self._patience = connection, connection.pgconn, patience
        self._loop = asyncio.get_running_loop()
        self._prepared: dict[str, Prepared] = {}
        self._names = 0
        self._results: list[PGresult] = []
        self._answer: Future[list[PGresult]] | None = None
        """Of the batch that the server has yet to answer."""
        self._socket = self._pg.socket
        self._pg.enter_pipeline_mode()
        self._pg.nonblocking = 1
        self._loop.add_reader(self._socket, self._read)

    @property
    def is_waiting(self) -> bool:
        """Whether the server has yet to answer."""
        return self._answer is not None

    @property
    def is_in_transaction(self) -> bool:
        """Whether there is something to commit or to roll back, and nothing to wait for."""
        return not self.is_waiting and self._pg.transaction_status in (INTRANS, INERROR)

    @property
    def has_failed(self) -> bool:
        """Whether its transaction can only be rolled back."""
        return self._pg.transaction_status == INERROR

    @property
    def is_reusable(self) -> bool:
        """Whether another transaction may have it."""
        return self._pg.transaction_status == IDLE and not self.is_waiting and len(self._prepared) < STATEMENTS

    async def run(self, batch: Sequence[Command]) -> list[Any]:
        """The rows of the last of the statements. Raises psycopg.Error, of the first that fails."""
        await self._prepare({compiled.sql for compiled, _ in batch} - self._prepared.keys())
        statements = [self._prepared[compiled.sql] for compiled, _ in batch]
        dumped = [each.dump(values) for each, (_, values) in zip(statements, batch, strict=True)]
        executions = zip(statements, dumped, strict=True)
        results = await self._exchange([partial(each.execute, dumped=values) for each, values in executions])
        return statements[-1].rows(batch[-1].compiled, results[-1])

    async def end(self) -> None:
        """Stop what the server is doing for it, and close it."""
        with suppress(psycopg.Error, OSError):
            await self._connection.cancel_safe(timeout=CANCEL_TIMEOUT)
        self.close()

    def close(self) -> None:
        """Close the connection at once: the server rolls back what isn't committed."""
        self._break(psycopg.OperationalError("The connection was closed."))

    async def _prepare(self, texts: set[str]) -> None:
        if not texts:
            return
        new = [Prepared(b"w%d" % (self._names + i), sql) for i, sql in enumerate(texts)]
        self._names += len(new)
        results = await self._exchange([statement.prepare for statement in new])
        for statement, description in zip(new, results[1::2], strict=True):
            statement.describe(self._connection, description)
            self._prepared[statement.sql] = statement

    async def _exchange(self, messages: Sequence[Callable[[PGconn], None]]) -> list[PGresult]:
        """Send something, and wait for the results. Raises psycopg.Error, of the first that fails."""
        answer: Future[list[PGresult]] = self._loop.create_future()
        self._answer = answer
        silence = psycopg.OperationalError("The database doesn't answer.")
        watch = self._loop.call_later(len(messages) * self._patience, self._break, silence)
        try:
            for send in messages:
                send(self._pg)
            self._pg.pipeline_sync()
            if self._pg.flush():  # the server takes no more for the moment
                self._loop.add_writer(self._socket, self._write)
        except psycopg.OperationalError as error:
            self._break(error)
        try:
            results = await answer
        finally:
            watch.cancel()
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                self._fail(error_from_result(result))
        return results

    def _fail(self, error: psycopg.Error) -> None:
        if isinstance(error, FORGOTTEN):
            self.close()
        raise error

    def _write(self) -> None:
        try:
            if not self._pg.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self._break(error)

    def _read(self) -> None:
        """Take what came; of a connection that lies idle, that is its end."""
        try:
            self._pg.consume_input()
            while self._answer and not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None:  # the end of one statement's results
                    if self._pg.status != ConnStatus.OK:
                        raise psycopg.OperationalError("The connection broke.")
                elif result.status == ExecStatus.PIPELINE_SYNC:
                    answer, self._answer = self._answer, None
                    results, self._results = self._results, []
                    if not answer.done():
                        answer.set_result(results)
                else:
                    self._results.append(result)
        except psycopg.OperationalError as error:
            self._break(error)

    def _break(self, error: psycopg.OperationalError) -> None:
        if not self.is_open:
            return
        self.is_open = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._pg.finish()
        answer, self._answer = self._answer, None
        if answer and not answer.done():
            answer.set_exception(error)
