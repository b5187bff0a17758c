"""The pipes of a process: few connections for many reads, each read on the one that has the least to do."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from core.pipe import Pipe, Query
from core.statements import Compiled

DEPTH = 4
"""Queries that one connection is sent before the first is answered. More would wait for one another."""


class Pipes:
    """At most `size` connections, opened when they are needed. A query waits at most `wait` seconds for its turn."""

    def __init__(
        self, url: str, connection: Mapping[str, Any], *, size: int, wait: float, patience: float, depth: int = DEPTH
    ) -> None:
        self._url, self._connection = url, connection
        self._size, self._wait, self._patience, self._depth = size, wait, patience, depth
        self._pipes: list[Pipe] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: dict[Query, asyncio.TimerHandle] = {}
        self._closed = False

    async def close(self) -> None:
        """Close every connection; what isn't answered fails."""
        self._closed = True
        closed = psycopg.OperationalError("The database was closed.")
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for query in list(self._waiting):
            self._refuse(query, closed)
        for pipe in list(self._pipes):
            pipe.close(closed)

    async def fetch(self, compiled: Compiled, values: Sequence[Any]) -> list[Any]:
        """A statement's rows. Raises psycopg.Error."""
        if self._closed:
            raise psycopg.OperationalError("The database was closed.")
        loop = asyncio.get_running_loop()
        query = Query(compiled, values, loop.create_future(), loop.time())
        self._place(query)
        return await query.answer

    @property
    def use(self) -> dict[str, int]:
        """Open connections, queries on them, and queries that wait for one."""
        running = sum(pipe.load for pipe in self._pipes)
        return {"connections": len(self._pipes), "queries": running, "waiting": len(self._waiting)}

    def _place(self, query: Query) -> None:
        pipe = self._least_loaded()
        if pipe is None or pipe.load:
            self._open_another()
        if pipe:
            pipe.send(query)
        else:
            loop = asyncio.get_running_loop()
            busy = PoolTimeout("Every connection is busy.")
            self._waiting[query] = loop.call_at(query.since + self._wait, self._refuse, query, busy)

    def _least_loaded(self) -> Pipe | None:
        found, least = None, self._depth
        for pipe in self._pipes:
            if pipe.takes_more and pipe.load < least:
                found, least = pipe, pipe.load
                if not least:
                    break
        return found

    def _refuse(self, query: Query, error: Exception) -> None:
        self._waiting.pop(query).cancel()
        query.settle(error)

    def _open_another(self) -> None:
        if len(self._pipes) + len(self._opening) < self._size and not self._closed:
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        try:
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, **self._connection)
        except psycopg.Error as error:
            if not self._pipes and len(self._opening) == 1:  # nobody else will help those who wait
                for query in list(self._waiting):
                    self._refuse(query, error)
        else:
            pipe = Pipe(connection, self, self._patience)
            self._pipes.append(pipe)
            self.freed(pipe)

    # What pipes tell

    def freed(self, pipe: Pipe) -> None:
        """Let it answer those who wait."""
        while self._waiting and pipe.takes_more and pipe.load < self._depth:
            query = next(iter(self._waiting))
            self._waiting.pop(query).cancel()
            if not query.answer.done():
                pipe.send(query)

    def ended(self, pipe: Pipe, *, broke: bool) -> None:
        """Replace it where somebody waits. Where one connection broke the others may have, too: use none of them."""
        self._pipes.remove(pipe)
        if broke:
            for other in list(self._pipes):
                other.retire()
        if self._waiting:
            self._open_another()

    def again(self, queries: list[Query]) -> None:
        """Find them another pipe, or a place among those who wait."""
        for query in queries:
            self._place(query)
