"""The hub: one process's present. It follows the stream, remembers the last of it, and wakes whom it concerns."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from core.database import Database
from core.errors import Unavailable
from domain.events import Event
from live import log, positions
from live.audience import Audience, VisiblePosts
from live.channel import Channel
from live.outage import RESTART_AFTER, Outage, keep_running, logger, stop
from live.pokes import Pokes
from live.relay import Relay
from live.stream import Entry, EventStream
from live.teller import Subject
from live.topics import Topic, topics

if TYPE_CHECKING:
    from redis.asyncio import Redis

TAIL = 1_000
START_PATIENCE = 2.0
HEARTBEAT = 15.0
BEATS = 15
"""How often, in the time of a heartbeat, those are looked for who have heard nothing for so long."""

ANOTHER_HISTORY = "This cursor is from another history: query anew, and go on from the cursor here."
TOO_OLD = "What came after this cursor is no longer kept: query anew, and go on from the cursor here."
NOT_YET = "This cursor is from a future that never came: query anew, and go on from the cursor here."


class Place(NamedTuple):
    """Where a subscription begins, and, when that isn't where it asked to, why not."""

    seq: int
    resync: str | None = None


@dataclass(slots=True)
class Figures:
    """What has happened since the process started, for its metrics."""

    deliveries: int = 0
    replays: int = 0
    resyncs: int = 0
    stalls: int = 0


class Hub:
    """One per process."""

    def __init__(self, db: Database, redis: "Redis", *, heartbeat: float = HEARTBEAT) -> None:
        self.db, self.redis, self.heartbeat = db, redis, heartbeat
        self.audience = Audience(db)
        self.position = 0
        """The last event that was given to the channels."""
        self.visible_posts = VisiblePosts(db)
        self._history: str | None = None
        self._tail: deque[Entry] = deque(maxlen=TAIL)
        self.channels: dict[Hashable, Channel] = {}
        self.figures = Figures()
        self._topics: dict[Topic, dict[Channel, Hashable]] = defaultdict(dict)
        self._on_event: list[Callable[[Event], None]] = []
        self._on_gap: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._ready = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen, and stand as a candidate for the relay. Doesn't fail while the database is away."""
        self._tasks = [asyncio.create_task(self._begin())]
        with suppress(TimeoutError):
            async with asyncio.timeout(START_PATIENCE):
                await self._ready.wait()

    async def stop(self) -> None:
        """End every task."""
        await stop([*self._tasks, *(task for channel in self.channels.values() for task in channel.chores())])

    def on_event(self, callback: Callable[[Event], None]) -> None:
        """Call back for each event, in order."""
        self._on_event.append(callback)

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Call back when events were missed for good: this process was cut off for longer than the log is kept."""
        self._on_gap.append(callback)

    @property
    def history(self) -> str:
        """The history that positions belong to. Raises Unavailable until the database has told."""
        if self._history is None:
            raise Unavailable("database")
        return self._history

    def cursor(self, seq: int) -> str:
        """The cursor of the place after event `seq`."""
        return positions.encode(self.history, seq)

    def live_cursor(self) -> str:
        """The cursor of the present: take it before the first SELECT of a query, and nothing falls in between.

        What is committed between the two is both in the query and after the cursor: clients go by ids.
        """
        return self.cursor(self.position)

    async def place(self, after: str | None) -> Place:
        """The place of a cursor, or the present. Raises InvalidInput, Unavailable."""
        if after is None:
            return Place(self.position)
        seq = positions.decode(self.history, after)
        if seq is None:
            return Place(self.position, ANOTHER_HISTORY)
        if seq > self.position and seq > (await log.position(self.db)).last_seq:
            return Place(self.position, NOT_YET)
        if self.since(seq) is None and not await self._is_kept(seq):
            return Place(self.position, TOO_OLD)
        return Place(seq)

    async def _is_kept(self, seq: int) -> bool:
        oldest = await log.oldest(self.db)
        if oldest is None:
            oldest = (await log.position(self.db)).last_seq + 1
        return seq >= oldest - 1

    async def after(self, seq: int) -> list[Entry]:
        """Some of the events after `seq`, in order: none if that is the present, and later ones where some are gone.

        Raises Unavailable.
        """
        recent = self.since(seq)
        return [Entry.of(record) for record in await log.after(self.db, seq)] if recent is None else recent

    def since(self, seq: int) -> list[Entry] | None:
        """All events after `seq` up to the present; None when they reach further back than the hub's memory."""
        if seq >= self.position:
            return []
        missed = self.position - seq
        return list(self._tail)[-missed:] if missed <= len(self._tail) else None

    def channel(self, key: Hashable, subject: Callable[[], Subject]) -> Channel:
        """The channel of this key; of this subject if it is new."""
        channel = self.channels.get(key)
        if channel is None:
            channel = self.channels[key] = Channel(self, subject())
            for topic in channel.subject.topics:
                self._topics[topic][channel] = key
        return channel

    def close(self, channel: Channel) -> None:
        """Forget a channel that nobody listens to."""
        for topic in channel.subject.topics:
            key = self._topics[topic].pop(channel, None)
            if not self._topics[topic]:
                del self._topics[topic]
            self.channels.pop(key, None)

    async def _begin(self) -> None:
        away = Outage("Live updates wait for the database")
        while self._history is None:
            try:
                await self._remember()
            except Unavailable as error:
                away.begin(error)
                await asyncio.sleep(RESTART_AFTER)
        away.end()
        key = f"starling:{{{self._history}}}"
        pokes = Pokes(self.redis, f"{key}:pokes")
        relay = Relay(self.db, self.redis, f"{key}:events", pokes)
        self._stream = f"{key}:events"
        self.db.on_events = pokes.send
        self._tasks += [
            asyncio.create_task(keep_running(work)) for work in (pokes.carry, relay.run, self._follow, self._beat)
        ]
        self._ready.set()

    async def _remember(self) -> None:
        """The last of what happened before this process was there, for those who come from another one."""
        history, last_seq = await log.position(self.db)
        seq = last_seq - TAIL
        self._tail.clear()
        while seq < last_seq and (records := await log.after(self.db, seq)):
            self._tail.extend(Entry.of(record) for record in records)
            seq = records[-1].seq
        self._history, self.position = history, max(seq, last_seq)

    async def _follow(self) -> None:
        async for entry in EventStream(self.db, self.redis, self._stream, self.position).entries():
            self._publish(entry)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat / BEATS)
            for channel in list(self.channels.values()):
                await channel.beat(time.monotonic() - self.heartbeat)

    def _publish(self, entry: Entry) -> None:
        """Tell who is concerned. Nothing here waits: what one sees, all see."""
        if entry.seq != self.position + 1:
            self._lose_track()
        self.position = entry.seq
        self._tail.append(entry)
        for channel in self._concerned(entry):
            channel.offer(entry)
        if entry.event is not None:
            for callback in self._on_event:
                _call(callback, entry.event)

    def _concerned(self, entry: Entry) -> Iterable[Channel]:
        found = [self._topics[topic] for topic in topics(entry.event) if topic in self._topics]
        return found[0] if len(found) == 1 else dict.fromkeys(chain(*found))

    def _lose_track(self) -> None:
        logger.error("Events after %s are no longer kept and were missed", self.position)
        self._tail.clear()
        for channel in self.channels.values():
            channel.fall_behind()
        for callback in self._on_gap:
            _call(callback)


def _call(callback: Callable[..., None], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:
        logger.exception("A listener in this process failed")
