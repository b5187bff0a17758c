"""PostgreSQL: reads on psycopg with prepared statements and light rows, writes in one transaction each.

Only this file commits. A read takes a SQLAlchemy Core statement, which is compiled once; its rows are named tuples that
know the model they are of, so that one can stand wherever an entity stands.
"""

import asyncio
from collections import namedtuple
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import Executable, Select, insert, inspect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as CheckoutTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from core.errors import Contended, Unavailable

M = TypeVar("M")
SESSION_OPTIONS = "-c timezone=UTC -c jit=off -c statement_timeout=5000"
NETWORK_OPTIONS = {"options": SESSION_OPTIONS, "connect_timeout": 2, "tcp_user_timeout": 2_000}
ONE_PLAN = f"{SESSION_OPTIONS} -c plan_cache_mode=force_generic_plan"
"""Statements are written so that one plan is good for all parameters; making it anew costs more than most reads."""
PATIENCE = 6.0
"""Seconds after which a server that hasn't even said that a statement took too long is taken to be away."""
LEASE_MS = 2_000
LOCK_POLL = 0.25


def sqlalchemy_url(database_url: str) -> str:
    """The same database, named so that SQLAlchemy takes psycopg 3."""
    return "postgresql+psycopg://" + database_url.split("://", 1)[1]


class Transaction(AsyncSession):
    """One transaction of writes, and what shall be told once it is committed."""

    async def insert(self, model: type[M], **values: Any) -> M:
        """The new row, with what the database filled in."""
        return (await self.scalars(insert(model).values(**values).returning(model))).one()

    async def first(self, statement: Select[Any], **parameters: Any) -> Any | None:
        """The first row's first column, None where there is no row."""
        return (await self.execute(statement, parameters)).scalars().first()

    async def change(self, statement: Executable, **parameters: Any) -> list[Any]:
        """The first column of the rows that an INSERT, UPDATE or DELETE … RETURNING touched."""
        return list((await self.execute(statement, parameters)).scalars())


class Database:
    """One PostgreSQL with its two pools: autocommitted connections for reads, sessions for writes.

    After `write` has committed a transaction whose `info` holds "events", `on_events` is called: a poke for the relay.
    """

    def __init__(self, url: str, *, pool_size: int = 10, pool_timeout: float = 0.25) -> None:
        self.on_events: Callable[[], None] = lambda: None
        self._url = url
        self._reads = AsyncConnectionPool(
            url,
            open=False,
            min_size=0,
            max_size=pool_size,
            timeout=pool_timeout,
            reconnect_timeout=pool_timeout,
            kwargs={"autocommit": True, **NETWORK_OPTIONS, "options": ONE_PLAN},
        )
        self._engine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=NETWORK_OPTIONS,
        )
        self._sessions = async_sessionmaker(self._engine, class_=Transaction, expire_on_commit=False)

    async def open(self) -> None:
        """Start the pool; connections are made when they are needed."""
        await self._reads.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._reads.close()
        await self._engine.dispose()

    async def read(self, statement: Executable, /, *, prepare: bool = True, **parameters: Any) -> list[Any]:
        """All rows of a SELECT, as named tuples. Raises Unavailable.

        A read changes nothing, so one that met a dead connection is tried once more on a fresh one.
        `prepare=False` shows the planner the parameters, for the few statements where they decide the plan.
        """
        compiled = _compiled(statement)
        values = compiled.bind(parameters)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._fetch_again(compiled, values, prepare)
        except (psycopg.OperationalError, TimeoutError) as error:
            raise Unavailable("database") from error

    async def _fetch_again(self, compiled: "_Compiled", values: MutableMapping[str, Any], prepare: bool) -> list[Any]:
        try:
            return await self._fetch(compiled, values, prepare)
        except (PoolTimeout, psycopg.errors.QueryCanceled):
            raise
        except psycopg.OperationalError:
            await self._reads.check()
            return await self._fetch(compiled, values, prepare)

    async def _fetch(self, compiled: "_Compiled", values: MutableMapping[str, Any], prepare: bool) -> list[Any]:
        async with self._reads.connection() as connection:
            if prepare:
                cursor = connection.cursor(binary=True, row_factory=tuple_row)
                await cursor.execute(compiled.sql, values, prepare=True)
            else:
                cursor = psycopg.AsyncClientCursor(connection, row_factory=tuple_row)
                await cursor.execute(compiled.sql, values)
            return list(map(compiled.row, await cursor.fetchall()))

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """One transaction: committed when the block ends, rolled back when it raises. Raises Unavailable."""
        try:
            async with self._sessions() as transaction:
                yield transaction
                await transaction.commit()
        except (OperationalError, InterfaceError, CheckoutTimeout, psycopg.OperationalError) as error:
            raise _unavailable(error) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable("database") from error
            raise
        if transaction.info.get("events"):
            self.on_events()

    @asynccontextmanager
    async def exclusively(self, key: int) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Wait for an advisory lock and hold it, on a connection of its own. Raises Unavailable.

        Yields `renew`, to be awaited at least every second: PostgreSQL takes the lock from a holder that is silent for
        `LEASE_MS`, so that a process which hangs doesn't keep it. `renew` raises Unavailable once the lock is lost.
        """
        options = f"{SESSION_OPTIONS} -c idle_session_timeout={LEASE_MS}"
        try:
            async with await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, options=options, connect_timeout=2, tcp_user_timeout=LEASE_MS
            ) as connection:
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


def _unavailable(error: Exception) -> Unavailable:
    cause = getattr(error, "orig", error)
    gave_way = isinstance(cause, (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure))
    return Contended() if gave_way else Unavailable("database")


class _Compiled(NamedTuple):
    sql: str
    bind: Callable[..., MutableMapping[str, Any]]
    row: Callable[[tuple[Any, ...]], Any]


@lru_cache(maxsize=1024)
def _compiled(statement: Any) -> _Compiled:
    """A statement's text and row class. Statements are constants of their loaders, so the cache stays small."""
    compiled = statement.compile(dialect=PGDialect_psycopg())  # type: ignore[no-untyped-call]
    columns = tuple(column.keyname for column in compiled._result_columns)
    selected = getattr(statement, "column_descriptions", ())  # a UNION has none
    entity = next((each["expr"] for each in selected if each["expr"] is each.get("entity")), None)
    model = inspect(entity).mapper.class_ if entity else None
    return _Compiled(str(compiled), compiled.construct_params, _row_class(model, columns)._make)


@lru_cache(maxsize=1024)
def _row_class(model: type | None, columns: tuple[str, ...]) -> Any:
    row = namedtuple(model.__name__ if model else "Row", columns)  # type: ignore[misc]
    row.model = model  # type: ignore[attr-defined]
    return row


def model_of(row: object) -> type | None:
    """The model of a row, be it light or an entity."""
    return getattr(type(row), "model", type(row))
