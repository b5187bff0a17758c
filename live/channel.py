"""All in this process who listen to one subject: judged together, told together, and each at a place of its own.

Those in step hear an event when it happens. Whoever resumes at a cursor, or was too slow, is told first what was
missed: see live/laggards.py. For each event one SELECT asks which viewers may see it now.
"""

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from core.errors import Unavailable
from domain.events import CountsChanged
from domain.viewer import Viewer
from live import updates
from live.cohort import Cohort, Rendering
from live.laggards import Laggards
from live.listener import Listener, Sink, State
from live.outage import Chore, Pacer
from live.teller import Subject, Teller, at_once, by_viewer

if TYPE_CHECKING:
    import asyncio

    from live.hub import Hub
    from live.stream import Entry

QUEUE = 256
COUNTS_EVERY = 0.5


class Channel:
    """A subject and its listeners."""

    def __init__(self, hub: "Hub", subject: Subject) -> None:
        self.hub, self.subject = hub, subject
        self.members: set[Listener] = set()
        self._in_step: defaultdict[int, set[Listener]] = defaultdict(set)
        self._cohorts: WeakValueDictionary[object, Cohort] = WeakValueDictionary()
        self._queue: deque[Entry] = deque()
        self._current: list[Entry] = []
        self.teller = Teller(self)
        self._laggards = Laggards(self)
        self._telling = Chore(self._tell_all)
        self._counting = Pacer(COUNTS_EVERY, self._telling.begin)
        self._counts_changed = False
        self._counts_for: set[Listener] = set()

    @property
    def taken(self) -> int:
        """Everything up to here was told to those in step, or is being told."""
        return self._queue[0].seq - 1 if self._queue else self.hub.position

    @property
    def depth(self) -> int:
        """How many events wait to be told."""
        return len(self._queue)

    async def subscribe(
        self, viewer: Viewer, rendering: Rendering, sink: Sink, position: int, *, resync: str | None, resumed: bool
    ) -> Listener:
        """Listen from a position on, having said first why it isn't the one that was asked for."""
        cohort = self._cohorts.setdefault(rendering.key, Cohort(rendering))
        listener = Listener(self, cohort, viewer, sink, position, resumed=resumed)
        self.members.add(listener)
        try:
            if resync:
                await self.teller.ask_for_resync(position, resync, [listener])
        except BaseException:
            self.leave(listener)
            raise
        if listener.state is State.NEW:
            self.join(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener, and the whole channel with the last one."""
        self._take_out(listener)
        listener.state = State.GONE
        self.members.discard(listener)
        if not self.members:
            self._counting.cancel()
            self.hub.close(self)

    def join(self, listener: Listener) -> None:
        """Go on with a listener from its position."""
        if listener.position < self.taken:
            self._laggards.add(listener)
            return
        listener.state = State.IN_STEP
        self._in_step[listener.viewer.key].add(listener)
        if listener.resumed and self.subject.has_counts:
            self._counts_for.add(listener)
            self._counting.request()
        listener.resumed = False

    def stall(self, listener: Listener, told: int) -> None:
        """Wait until a listener can take more; it was told everything up to `told`."""
        self._take_out(listener)
        listener.state, listener.resumed = State.STALLED, True
        listener.position = max(listener.position, told)
        self.hub.figures.stalls += 1

    def offer(self, entry: "Entry") -> None:
        """A new event on one of the topics; called by the hub."""
        if not self._in_step:
            return
        if len(self._queue) >= QUEUE:
            self.fall_behind()
        elif isinstance(entry.event, CountsChanged):
            self._counts_changed = True
            self._counting.request()
        else:
            self._queue.append(entry)
            self._telling.begin()

    def fall_behind(self) -> None:
        """Forget what is in the queue, and tell everybody from the log."""
        told = self._current[0].seq - 1 if self._current else self.taken
        self._queue.clear()
        for listener in self._all_in_step():
            self._take_out(listener)
            listener.position = max(listener.position, told)
            listener.resumed = True
            self._laggards.add(listener)

    async def beat(self, before: float) -> None:
        """Tell those in step who have heard nothing since `before` that nothing happened."""
        quiet = [listener for listener in self._all_in_step() if listener.heard_at <= before]
        if not quiet or self._queue or self._current:
            return

        def deliver(listener: Listener, payload: Any) -> None:
            if listener.state is State.IN_STEP and listener.heard_at <= before:
                listener.send(payload)

        await self.teller.make(updates.Heartbeat(self.hub.cursor(self.taken)), quiet, deliver)

    def chores(self) -> list["asyncio.Task[None]"]:
        """What is going on."""
        return [chore.task for chore in (self._telling, self._laggards.chore) if chore.task]

    def _all_in_step(self) -> list[Listener]:
        return [listener for listeners in self._in_step.values() for listener in listeners]

    def _take_out(self, listener: Listener) -> None:
        if beside := self._in_step.get(listener.viewer.key):
            beside.discard(listener)
            if not beside:
                del self._in_step[listener.viewer.key]
        self._laggards.discard(listener)
        self._counts_for.discard(listener)

    async def _tell_all(self) -> None:
        while True:
            if self._counting.take():
                await self._tell_counts()
            elif self._queue:
                some = min(len(self._queue), at_once(self._in_step))
                self._current = [self._queue.popleft() for _ in range(some)]
                await self.teller.tell(self._current, self._in_step, _is_in_step)
                self._current = []
            else:
                return

    async def _tell_counts(self) -> None:
        everybody, self._counts_changed = self._counts_changed, False
        some, self._counts_for = self._counts_for, set()
        people = self._in_step if everybody else by_viewer(some)
        place = self.taken

        def deliver(listener: Listener, payload: Any) -> None:
            if listener.state is State.IN_STEP and not listener.send(payload):
                self.stall(listener, place)

        try:
            for telling in await self.subject.counted(people.keys()):
                due = [listener for viewer in telling.viewers for listener in people.get(viewer, ())]
                await self.teller.make(telling.update(self.hub.cursor(place)), due, deliver)
        except Unavailable:
            self._counts_changed |= everybody
            self._counts_for |= {listener for listener in some if listener.state is State.IN_STEP}
            self._counting.request()


def _is_in_step(listener: Listener) -> bool:
    return listener.state is State.IN_STEP
