"""Those of a channel who resume at a cursor or were too slow: they go through the log together, to the present."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from domain.events import CountsChanged
from live.listener import Listener, State
from live.outage import Chore, until_available
from live.teller import at_once, by_viewer
from live.topics import topics

if TYPE_CHECKING:
    from live.channel import Channel
    from live.stream import Entry

PAUSE = 0.1
GONE_BY = "What happened meanwhile is no longer kept: query anew, and go on from the cursor here."


class Laggards:
    """Those who are behind, each from its own position."""

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel
        self._topics = frozenset(channel.subject.topics)
        self._behind: set[Listener] = set()
        self._round: set[Listener] = set()
        """Those who go through the log at the moment; whoever comes meanwhile waits for the next round."""
        self.chore = Chore(self._catch_up)

    def add(self, listener: Listener) -> None:
        """Take somebody in."""
        if listener.state is not State.BEHIND:
            self._channel.hub.figures.replays += 1
        listener.state = State.BEHIND
        self._behind.add(listener)
        self.chore.begin()

    def discard(self, listener: Listener) -> None:
        """Let somebody go."""
        self._behind.discard(listener)
        self._round.discard(listener)

    async def _catch_up(self) -> None:
        while self._behind:
            self._round = set(self._behind)
            start = min(listener.position for listener in self._round)
            entries = await until_available(partial(self._channel.hub.after, start))
            end = entries[-1].seq if entries else start
            await self._ask_for_resync(entries)
            await self._tell([entry for entry in entries if not self._topics.isdisjoint(topics(entry.event))])
            for listener in list(self._round):
                listener.position = max(listener.position, end)
                self._behind.discard(listener)
                self._channel.join(listener)
            if not self._behind <= self._round:
                await asyncio.sleep(PAUSE)  # others come: let them go together
            self._round = set()

    async def _tell(self, entries: "list[Entry]") -> None:
        while entries:
            size = at_once(by_viewer(self._round))
            part, entries = entries[:size], entries[size:]
            missed = [listener for listener in self._round if listener.position < part[-1].seq]
            if counts := [entry.seq for entry in part if isinstance(entry.event, CountsChanged)]:
                for listener in missed:
                    listener.resumed |= listener.position < counts[-1]
            part = [entry for entry in part if not isinstance(entry.event, CountsChanged)]
            if part:
                await self._channel.teller.tell(part, by_viewer(missed), self._round.__contains__)

    async def _ask_for_resync(self, entries: "list[Entry]") -> None:
        """Whoever stands before what is still kept goes on from the present."""
        now = self._channel.hub.position
        kept_from = entries[0].seq if entries else now + 1
        lost = [listener for listener in self._round if listener.position < kept_from - 1]
        if lost:
            await self._channel.teller.ask_for_resync(now, GONE_BY, lost)
