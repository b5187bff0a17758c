"""PostgreSQL: reads as light rows, and writes in one transaction each. Only this file commits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import Executable

from core.errors import Contended, Unavailable
from core.lines import Lines
from core.reads import LENIENCE, Reads, session
from core.transactions import Transaction

LEASE_MS = 2_000
LOCK_POLL = 0.25


def sqlalchemy_url(database_url: str) -> str:
    """The same database, named so that SQLAlchemy takes psycopg 3."""
    return "postgresql+psycopg://" + database_url.split("://", 1)[1]


class Database:
    """One PostgreSQL: autocommitted connections for reads, and others for writes, a transaction at a time.

    After `write` has committed a transaction that has events, `on_events` is called: a poke for the relay.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pool_timeout: float = 0.25,
        statement_timeout: float = 5.0,
        pipeline: bool = True,
    ) -> None:
        self.on_events: Callable[[], None] = lambda: None
        self._url = url
        self._reads = Reads(
            url, size=pool_size, wait=pool_timeout, statement_timeout=statement_timeout, pipeline=pipeline
        )
        self._lines = Lines(
            url,
            session(statement_timeout),
            size=pool_size,
            wait=pool_timeout,
            patience=statement_timeout + LENIENCE,
        )

    async def open(self) -> None:
        """Get ready; connections are made when they are needed."""
        await self._reads.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._reads.close()
        await self._lines.close()

    @property
    def use(self) -> dict[str, int]:
        """What goes on at the moment: connections for reads, their queries, and connections that write."""
        return {**self._reads.use, "writing": self._lines.taken}

    async def read(self, statement: Executable, /, *, prepare: bool = True, **parameters: Any) -> list[Any]:
        """All rows of a SELECT, as named tuples: see `Reads.read`. Raises Unavailable."""
        return await self._reads.read(statement, prepare=prepare, **parameters)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """One transaction: committed when the block ends, rolled back when it raises. Raises Unavailable."""
        transaction = Transaction(self._lines)
        try:
            yield transaction
            await transaction.commit()
        except psycopg.OperationalError as error:
            raise _unavailable(error) from error
        finally:
            await transaction.end()
        if transaction.has_events:
            self.on_events()

    @asynccontextmanager
    async def exclusively(self, key: int) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Wait for an advisory lock and hold it, on a connection of its own. Raises Unavailable.

        Yields `renew`, to be awaited at least every second: PostgreSQL takes the lock from a holder that is silent for
        `LEASE_MS`, so that a process which hangs doesn't keep it. `renew` raises Unavailable once the lock is lost.
        """
        options = session(LEASE_MS / 1000, f"idle_session_timeout={LEASE_MS}")
        try:
            async with await psycopg.AsyncConnection.connect(self._url, autocommit=True, **options) as connection:
                while not await _locked(connection, key):  # noqa: ASYNC110 - nothing tells of a lock that is free
                    await asyncio.sleep(LOCK_POLL)

                async def renew() -> None:
                    await connection.execute("select 1")

                yield renew
        except psycopg.OperationalError as error:
            raise Unavailable("database") from error


async def _locked(connection: psycopg.AsyncConnection[Any], key: int) -> bool:
    answer = await (await connection.execute("select pg_try_advisory_lock(%s)", (key,))).fetchone()
    return bool(answer and answer[0])


def _unavailable(error: psycopg.OperationalError) -> Unavailable:
    gave_way = isinstance(error, (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure))
    return Contended() if gave_way else Unavailable("database")
