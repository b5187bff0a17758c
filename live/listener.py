"""One subscriber's place in history: a position and a short queue. Whoever is too slow for it reads the log instead."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from live import log
from live.stream import Entry
from live.topics import Topic, topics

if TYPE_CHECKING:
    from live.hub import Hub

QUEUE = 256


class HistoryLost(Exception):
    """What comes after the position is no longer kept. The listener has gone on to the present."""


class Listener:
    """Hands out the events on its topics after a position: once each, in order, first those that were missed."""

    def __init__(self, hub: "Hub", after: int, on: Iterable[Topic]) -> None:
        self.position = after
        """Everything up to here was handed out, or is on other topics."""
        self.topics = frozenset(on)
        self._hub = hub
        self._queue: deque[Entry] = deque()
        self._read = after
        """How far it had read when it last caught up; the hub may be behind that."""
        self._in_step = False
        self._woken = asyncio.Event()

    def offer(self, entry: Entry) -> None:
        """A new event on one of the topics; called by the hub."""
        if not self._in_step or entry.seq <= self._read:
            return
        if len(self._queue) >= QUEUE:
            self.fall_behind()
        else:
            self._queue.append(entry)
        self._woken.set()

    def fall_behind(self) -> None:
        """Forget what is in the queue, and read on from the position."""
        self._queue.clear()
        self._read = self.position
        self._in_step = False
        self._woken.set()

    async def next(self, within: float) -> Entry | None:
        """The next event; None when none has come within so many seconds. Raises HistoryLost, Unavailable."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            if self._queue:
                entry = self._queue.popleft()
                self.position = entry.seq
                return entry
            if not self._in_step:
                await self._catch_up()
            elif not await self._woken_by(deadline):
                self.position = max(self._read, self._hub.position)
                return None

    async def _woken_by(self, deadline: float) -> bool:
        self._woken.clear()
        try:
            async with asyncio.timeout_at(deadline):
                await self._woken.wait()
        except TimeoutError:
            return self._woken.is_set()
        return True

    async def _catch_up(self) -> None:
        """Read on as far as the queue goes, from the hub's memory if that reaches back far enough."""
        recent = self._hub.since(self._read)
        if recent is None:
            recent = [Entry.of(record) for record in await log.after(self._hub.db, self._read)]
            if not recent or recent[0].seq != self._read + 1:
                self._read = self.position = self._hub.position
                raise HistoryLost
        for entry in recent:
            if len(self._queue) == QUEUE:
                return
            if not self.topics.isdisjoint(topics(entry.event)):
                self._queue.append(entry)
            self._read = entry.seq
        self._in_step = self._read >= self._hub.position
        if not self._queue:
            self.position = self._read
