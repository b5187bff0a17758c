"""The lines of a process: connections for transactions, each for one at a time, so many and no more."""

import asyncio
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from core.line import Line


class Lines:
    """At most `size` connections, opened when they are needed. A transaction waits at most `wait` seconds for one."""

    def __init__(self, url: str, connection: Mapping[str, Any], *, size: int, wait: float, patience: float) -> None:
        self._url, self._connection = url, connection
        self._wait, self._patience = wait, patience
        self._free = asyncio.Semaphore(size)
        self.taken = 0
        self._idle: list[Line] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def close(self) -> None:
        """Close every connection that no transaction has; the others follow when they are given back."""
        self._closed = True
        self._close_idle()
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def take(self) -> Line:
        """A line, to be given back. Raises psycopg.OperationalError."""
        await self._turn()
        self.taken += 1
        while self._idle:
            line = self._idle.pop()
            if line.is_open:
                return line
        try:
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, **self._connection)
        except BaseException:
            self._free_one()
            raise
        return Line(connection, self._patience)

    def give(self, line: Line) -> None:
        """Take a line back. Where one broke the others may have, too: use none of them."""
        if line.is_waiting:
            task = asyncio.get_running_loop().create_task(self._end(line))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            return
        if not line.is_open:
            self._close_idle()
        if line.is_reusable and not self._closed:
            self._idle.append(line)
        else:
            line.close()
        self._free_one()

    async def _turn(self) -> None:
        if self._closed:
            raise psycopg.OperationalError("The database was closed.")
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._wait):
                await self._free.acquire()
        except TimeoutError as error:
            raise PoolTimeout("Every connection is busy.") from error

    async def _end(self, line: Line) -> None:
        try:
            await line.end()
        finally:
            self._free_one()

    def _free_one(self) -> None:
        self.taken -= 1
        self._free.release()

    def _close_idle(self) -> None:
        for line in self._idle:
            line.close()
        self._idle.clear()
