"""The hub: one process's present. It follows the stream, remembers the last of it, and wakes who is concerned."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from core.database import Database
from core.errors import Unavailable
from domain.events import Event
from live import log, positions
from live.audience import FollowsAuthor
from live.listener import Listener
from live.outage import RESTART_AFTER, Outage, keep_running, logger, stop
from live.pokes import Pokes
from live.relay import Relay
from live.stream import Entry, EventStream
from live.topics import Topic, topics

if TYPE_CHECKING:
    from redis.asyncio import Redis

TAIL = 1_000
START_PATIENCE = 2.0

ANOTHER_HISTORY = "This cursor is from another history: query anew, and go on from the cursor here."
TOO_OLD = "What came after this cursor is no longer kept: query anew, and go on from the cursor here."
NOT_YET = "This cursor is from a future that never came: query anew, and go on from the cursor here."


class Place(NamedTuple):
    """Where a subscription begins, and, when that isn't where it asked to, why not."""

    seq: int
    resync: str | None = None


class Hub:
    """One per process."""

    def __init__(self, db: Database, redis: "Redis") -> None:
        self.db, self.redis = db, redis
        self.position = 0
        """The last event that was given to listeners."""
        self.follows_author: FollowsAuthor
        self._history: str | None = None
        self._tail: deque[Entry] = deque(maxlen=TAIL)
        self._listeners: dict[Topic, set[Listener]] = defaultdict(set)
        self._on_event: list[Callable[[Event], None]] = []
        self._on_gap: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._ready = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen, and stand as a candidate for the relay. Doesn't fail while the database is away."""
        self.follows_author = FollowsAuthor(self.db)
        self._tasks = [asyncio.create_task(self._begin())]
        with suppress(TimeoutError):
            async with asyncio.timeout(START_PATIENCE):
                await self._ready.wait()

    async def stop(self) -> None:
        """End every task."""
        await stop(self._tasks)

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

    def since(self, seq: int) -> list[Entry] | None:
        """All events after `seq` up to the present; None when they reach further back than the hub's memory."""
        if seq >= self.position:
            return []
        missed = self.position - seq
        return list(self._tail)[-missed:] if missed <= len(self._tail) else None

    @contextmanager
    def listen(self, after: int, *on: Topic) -> Iterator[Listener]:
        """Listen to topics from a place on."""
        listener = Listener(self, after, on)
        for topic in listener.topics:
            self._listeners[topic].add(listener)
        try:
            yield listener
        finally:
            for topic in listener.topics:
                self._listeners[topic].discard(listener)
                if not self._listeners[topic]:
                    del self._listeners[topic]

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
        self._tasks += [asyncio.create_task(keep_running(work)) for work in (pokes.carry, relay.run, self._follow)]
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

    def _publish(self, entry: Entry) -> None:
        """Tell who is concerned. Nothing here waits: what one sees, all see."""
        if entry.seq != self.position + 1:
            self._lose_track()
        self.position = entry.seq
        self._tail.append(entry)
        for listener in self._concerned(entry):
            listener.offer(entry)
        if entry.event is not None:
            for callback in self._on_event:
                _call(callback, entry.event)

    def _concerned(self, entry: Entry) -> Iterable[Listener]:
        sets = [self._listeners[topic] for topic in topics(entry.event) if topic in self._listeners]
        return sets[0] if len(sets) == 1 else set().union(*sets)

    def _lose_track(self) -> None:
        logger.error("Events after %s are no longer kept and were missed", self.position)
        self._tail.clear()
        for listener in set().union(*self._listeners.values()):
            listener.fall_behind()
        for callback in self._on_gap:
            _call(callback)


def _call(callback: Callable[..., None], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:
        logger.exception("A listener in this process failed")
