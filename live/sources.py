"""Where subscriptions come from: what happens, as one viewer may see it, from a cursor on and then live."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.errors import Unavailable
from live import updates
from live.feed import FeedOfViewer
from live.listener import HistoryLost, Listener
from live.stream import Entry
from live.thread import ThreadOfPost
from live.topics import Topic

if TYPE_CHECKING:
    from live.hub import Hub, Place
    from loaders.context import Context

T = TypeVar("T")
HEARTBEAT = 15.0
RETRY = 0.2

GONE_BY = "What happened meanwhile is no longer kept: query anew, and go on from the cursor here."


class Source(Protocol):
    """What events mean for one viewer."""

    topics: tuple[Topic, ...]
    over: bool
    """Whether there is nothing more to tell, ever."""

    async def open(self) -> None:
        """Refuse what the viewer may not subscribe to, and settle the topics."""

    async def told(self, entry: Entry) -> list[updates.Telling]:
        """What an event means for the viewer, judged anew."""

    def due_in(self) -> float:
        """Seconds until there is something to tell without a further event."""

    async def overdue(self) -> list[updates.Telling]:
        """What has become due."""


async def feed_updates(context: "Context", after: str | None, *, heartbeat: float = HEARTBEAT) -> AsyncIterator[object]:
    """What happens to the viewer's feed, as `updates.FeedUpdate`. Raises NotSignedIn, InvalidInput."""
    viewer = context.viewer.require_user()
    return await _subscribe(context, FeedOfViewer(context, viewer), after, heartbeat)


async def post_updates(
    context: "Context", post_id: int, after: str | None, *, heartbeat: float = HEARTBEAT
) -> AsyncIterator[object]:
    """What happens to a post and beneath it, as `updates.PostUpdate`, until the viewer can't see it any more.

    Raises NotFound, InvalidInput.
    """
    return await _subscribe(context, ThreadOfPost(context, post_id, resumed=after is not None), after, heartbeat)


async def _subscribe(context: "Context", source: Source, after: str | None, heartbeat: float) -> AsyncIterator[object]:
    hub = context.services.hub
    place = await hub.place(after)
    await source.open()
    return _tell(hub, source, place, heartbeat)


async def _tell(hub: "Hub", source: Source, place: "Place", heartbeat: float) -> AsyncIterator[object]:
    if place.resync:
        yield updates.ResyncRequired(hub.cursor(place.seq), place.resync)
    with hub.listen(place.seq, *source.topics) as listener:
        beat_at = time.monotonic() + heartbeat
        while not source.over:
            wait = min(beat_at - time.monotonic(), source.due_in())
            said = await _step(hub, source, listener, wait)
            if not said and time.monotonic() >= beat_at:
                said = [updates.Heartbeat(hub.cursor(listener.position))]
            for update in said:
                yield update
            if said:
                beat_at = time.monotonic() + heartbeat


async def _step(hub: "Hub", source: Source, listener: Listener, wait: float) -> list[updates.Update]:
    """What the next event makes, or what has become due."""
    try:
        entry = await _until_available(lambda: listener.next(wait))
    except HistoryLost:
        return [updates.ResyncRequired(hub.cursor(listener.position), GONE_BY)]
    said: list[updates.Update] = []
    if entry is not None:
        tellings = await _until_available(lambda: source.told(entry))
        places = [entry.seq - 1] * (len(tellings) - 1) + [entry.seq]
        said = [telling(hub.cursor(seq)) for telling, seq in zip(tellings, places, strict=False)]
    if source.due_in() <= 0:
        overdue = await _until_available(source.overdue)
        said += [telling(hub.cursor(listener.position)) for telling in overdue]
    return said


async def _until_available(work: Callable[[], Awaitable[T]]) -> T:
    """While the database is away an event waits: it is neither judged unseen nor passed over."""
    while True:
        try:
            return await work()
        except Unavailable:
            await asyncio.sleep(RETRY)
