"""Says an event to those whom it concerns, or says that it can't."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import Unavailable
from live import updates
from live.cohort import Cohort
from live.listener import Listener, State
from live.outage import logger
from live.topics import Topic
from live.updates import Telling, Update

if TYPE_CHECKING:
    from live.channel import Channel
    from live.stream import Entry

RETRY = 0.2
ATTEMPTS = 3
NOWHERE = -1
"""Before everything: a listener there has to query anew."""
MOST_EVENTS, MOST_JUDGEMENTS = 50, 20_000
UNTOLD = "Something happened that couldn't be told: query anew, and go on from the cursor here."

People = Mapping[int, Collection[Listener]]
"""Listeners by their viewer."""


class Subject(Protocol):
    """What events mean."""

    topics: tuple[Topic, ...]
    has_counts: bool

    async def told(self, entries: "Sequence[Entry]", viewers: Collection[int]) -> list[list[Telling]]:
        """What each event means for these viewers, judged now, together. Raises Unavailable."""

    async def counted(self, viewers: Collection[int]) -> list[Telling]:
        """The counts as they are now for these viewers. Raises Unavailable."""


class Teller:
    """The voice of a channel."""

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel

    async def tell(self, entries: "Sequence[Entry]", people: People, is_here: Callable[[Listener], bool]) -> None:
        """Say to each what the events mean, in order, judged anew for as long as it can't be said.

        While the database is away events wait: they are neither judged unseen nor passed over.
        """
        attempts = ATTEMPTS
        while people:
            try:
                together = await self._channel.subject.told(entries, people.keys())
                for entry, tellings in zip(entries, together, strict=True):
                    for telling in tellings:
                        await self._say(entry.seq, telling, people, is_here)
                return
            except Unavailable:
                await asyncio.sleep(RETRY)
            except Exception as error:
                attempts -= 1
                if not attempts:
                    last = entries[-1].seq
                    logger.error("Events up to %s could not be told", last, exc_info=error)
                    await self.ask_for_resync(last, UNTOLD, _due(people, people, last, is_here))
                    return

    async def ask_for_resync(self, seq: int, reason: str, listeners: Iterable[Listener]) -> None:
        """Say that what is up to `seq` can't be told."""

        def deliver(listener: Listener, payload: Any) -> None:
            if listener.send(payload):
                listener.position = seq
            elif listener.state is not State.GONE:
                listener.position = NOWHERE
                self._channel.stall(listener, NOWHERE)

        gone = list(listeners)
        self._channel.hub.figures.resyncs += len(gone)
        await self.make(updates.ResyncRequired(self._channel.hub.cursor(seq), reason), gone, deliver)

    async def make(
        self, update: Update, listeners: Iterable[Listener], deliver: Callable[[Listener, Any], None]
    ) -> None:
        """Hand each listener its answer to an update."""
        cohorts: defaultdict[Cohort, list[Listener]] = defaultdict(list)
        for listener in listeners:
            cohorts[listener.cohort].append(listener)
        for cohort, together in cohorts.items():
            await cohort.tell(update, together, deliver)
            self._channel.hub.figures.deliveries += len(together)

    async def _say(self, seq: int, telling: Telling, people: People, is_here: Callable[[Listener], bool]) -> None:
        """Of several updates that one event makes, all but the last leave listeners at the place before it."""
        channel, place = self._channel, seq - telling.more

        def deliver(listener: Listener, payload: Any) -> None:
            if not is_here(listener):
                return
            if not listener.send(payload):
                channel.stall(listener, seq - 1)
                return
            listener.position = place
            if telling.last:
                channel.leave(listener)
                listener.sink.end()

        due = _due(telling.viewers, people, seq, is_here)
        await self.make(telling.update(channel.hub.cursor(place)), due, deliver)


def at_once(people: People) -> int:
    """How many events are judged together: each for all these viewers."""
    return max(1, min(MOST_EVENTS, MOST_JUDGEMENTS // (len(people) or 1)))


def by_viewer(listeners: Iterable[Listener]) -> defaultdict[int, list[Listener]]:
    """Listeners by their viewer."""
    people: defaultdict[int, list[Listener]] = defaultdict(list)
    for listener in listeners:
        people[listener.viewer.key].append(listener)
    return people


def _due(viewers: Iterable[int], people: People, seq: int, is_here: Callable[[Listener], bool]) -> list[Listener]:
    return [
        listener
        for viewer in viewers
        for listener in people.get(viewer, ())
        if listener.position < seq and is_here(listener)
    ]
