"""Reads of a streaming replica, as long as it keeps up with the primary.

How far it is behind is asked of both: where the primary's log ended at a moment, and whether the replica has got there
by now. It has everything then that was committed until that moment, whatever its own clock or connection says.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout
from sqlalchemy import BigInteger, Executable, Function, cast, func, select

from core.database import Database
from core.errors import Unavailable
from core.reads import Reads

PATIENCE = 1.0
"""Seconds that the replica has for a statement before the primary is asked."""
TURN = 0.2
"""The share of a read's patience with a full pool that is spent on the replica's."""
LOOKS = 5
"""How often it is looked at in the time that it may be behind."""
log = logging.getLogger(__name__)


def _bytes(place: Function[Any]) -> Any:
    return select(cast(func.pg_wal_lsn_diff(place, func.pg_lsn("0/0")), BigInteger).label("bytes"))


_WRITTEN = _bytes(func.pg_current_wal_lsn())
_REPLAYED = _bytes(func.pg_last_wal_replay_lsn())


class Replica:
    """A replica of the primary, which is of use while it is less than `lag` seconds behind."""

    def __init__(self, url: str, primary: Database, *, lag: float, size: int, wait: float, pipeline: bool) -> None:
        self._reads = Reads(url, size=size, wait=wait * TURN, statement_timeout=PATIENCE, pipeline=pipeline)
        self._primary, self._lag = primary, lag
        self._ends: deque[tuple[float, int]] = deque(maxlen=2 * LOOKS)
        self._has_all_until = -inf
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to watch it; until it is known to keep up, the primary is read."""
        await self._reads.open()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Close every connection."""
        if self._watching:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self._reads.close()

    @property
    def keeps_up(self) -> bool:
        """Whether it has everything that was committed `lag` seconds ago."""
        return monotonic() - self._has_all_until < self._lag

    async def read(self, statement: Executable, /, *, prepare: bool, **parameters: Any) -> list[Any] | None:
        """The statement's rows; None where the primary has to be asked."""
        if not self.keeps_up:
            return None
        try:
            return await self._reads.read(statement, prepare=prepare, **parameters)
        except Unavailable as unavailable:
            if _is_away(unavailable.__cause__):
                self._has_all_until = -inf
            return None

    async def _watch(self) -> None:
        kept_up = False
        while True:
            problem = await self._look()
            if self.keeps_up is not kept_up:
                kept_up = not kept_up
                if kept_up:
                    log.info("The replica keeps up and is read.")
                else:
                    log.warning("The replica doesn't keep up and isn't read: %s", problem or "it is behind.")
            await asyncio.sleep(self._lag / LOOKS)

    async def _look(self) -> Exception | None:
        began = monotonic()
        try:
            [[written]] = await self._primary.read(_WRITTEN)
            self._ends.append((began, written))
            [[replayed]] = await self._reads.read(_REPLAYED)
        except (Unavailable, psycopg.Error) as problem:
            return problem.__cause__ if isinstance(problem.__cause__, psycopg.Error) else problem
        while self._ends and self._ends[0][1] <= (replayed or 0):  # None: it is no replica
            self._has_all_until, _ = self._ends.popleft()
        return None


class ReplicaFirst:
    """One operation's reads: the replica's until it fails, and then the primary's.

    Never the other way round, so that no level of the graph is older than the one above it.
    """

    def __init__(self, replica: Replica, primary: Database) -> None:
        self._replica, self._primary = replica, primary
        self._failed = False

    async def read(self, statement: Executable, /, *, prepare: bool = True, **parameters: Any) -> list[Any]:
        """All rows of a SELECT: see `Reads.read`. Raises Unavailable where the primary, too, is."""
        if not self._failed:
            rows = await self._replica.read(statement, prepare=prepare, **parameters)
            if rows is not None:
                return rows
            self._failed = True
        return await self._primary.read(statement, prepare=prepare, **parameters)


def _is_away(cause: BaseException | None) -> bool:
    """Whether it is the server that failed; one that is busy, or that gave up a statement, is there."""
    return not isinstance(cause, PoolTimeout) and getattr(cause, "sqlstate", None) is None
