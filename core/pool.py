"""Reads on a pool of connections, one statement on each at a time: the simple way, which poolers in between like."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from core.statements import Compiled


class Pool:
    """At most `size` connections, opened when they are needed. A query waits at most `wait` seconds for one."""

    def __init__(self, url: str, connection: Mapping[str, Any], *, size: int, wait: float, patience: float) -> None:
        self._patience = patience
        self._pool = AsyncConnectionPool(
            url,
            open=False,
            min_size=0,
            max_size=size,
            timeout=wait,
            reconnect_timeout=wait,
            kwargs={"autocommit": True, **connection},
        )

    async def open(self) -> None:
        """Start the pool; connections are made when they are needed."""
        await self._pool.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def fetch(self, compiled: Compiled, values: Sequence[Any]) -> list[Any]:
        """A statement's rows. Raises psycopg.Error, TimeoutError."""
        try:
            async with asyncio.timeout(self._patience), self._pool.connection() as connection:
                cursor = (psycopg.AsyncRawCursor if compiled.numbered else psycopg.AsyncClientCursor)(connection)
                await cursor.execute(compiled.sql, values, prepare=compiled.numbered or None, binary=compiled.numbered)
                return compiled.rows(await cursor.fetchall()) if cursor.description is not None else []
        except (PoolTimeout, psycopg.errors.QueryCanceled):
            raise
        except psycopg.OperationalError:
            await self._pool.check()  # where one connection broke, others may have, too
            raise
