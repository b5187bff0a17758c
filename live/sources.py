"""Where subscriptions come from: what happens, as one viewer may see it, from a cursor on and then live."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Hashable
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from domain.viewer import Viewer
from live.cohort import Rendering
from live.feed import Feeds
from live.listener import Listener, Sink
from live.teller import Subject
from live.thread import Thread
from live.updates import Update

if TYPE_CHECKING:
    from live.hub import Hub, Place
    from loaders.context import Context

QUEUE = 256


class Source(AsyncIterable[Update]):
    """A subscription that may begin: its viewer was let in, and its place is settled.

    Who has a connection gives it as a sink to `subscribe`. For others, it is an iterable of plain updates.
    """

    def __init__(
        self,
        hub: "Hub",
        viewer: Viewer,
        place: "Place",
        key: Hashable,
        subject: Callable[[], Subject],
        *,
        resumed: bool,
    ) -> None:
        self._hub, self._viewer, self._place = hub, viewer, place
        self._key, self._subject, self._resumed = key, subject, resumed

    async def subscribe(self, rendering: Rendering, sink: Sink) -> Listener:
        """Send what happens into a sink, rendered for the viewer, until the listener leaves."""
        channel = self._hub.channel(self._key, self._subject)
        place = self._place
        return await channel.subscribe(
            self._viewer, rendering, sink, place.seq, resync=place.resync, resumed=self._resumed
        )

    async def __aiter__(self) -> AsyncGenerator[Update, None]:
        updates = Updates()
        listener = await self.subscribe(UNCHANGED, updates)
        try:
            while (update := await updates.next()) is not None:
                yield update
        finally:
            listener.leave()


async def _unchanged(_: Viewer, update: Update) -> Update:
    return update


UNCHANGED = Rendering("update", True, _unchanged)


class Updates:
    """A sink to take updates from."""

    def __init__(self) -> None:
        self.listener: Listener | None = None
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def send(self, payload: Any) -> bool:
        """Keep an update until it is asked for."""
        if self._queue.qsize() >= QUEUE:
            return False
        self._queue.put_nowait(payload)
        return True

    def end(self) -> None:
        """Stop after what was kept."""
        self._queue.put_nowait(None)

    async def next(self) -> Any:
        """The next update; None when there are no more."""
        update = await self._queue.get()
        if self._queue.empty() and self.listener:
            self.listener.drained()
        return update


async def feed_updates(context: "Context", after: str | None) -> Source:
    """What happens to the viewer's feed, as `updates.FeedUpdate`. Raises NotSignedIn, InvalidInput, Unavailable."""
    context.viewer.require_user()
    hub = context.services.hub
    place = await hub.place(after)
    return Source(hub, context.viewer, place, "feeds", lambda: Feeds(hub.audience), resumed=after is not None)


async def post_updates(context: "Context", post_id: int, after: str | None) -> Source:
    """What happens to a post and beneath it, as `updates.PostUpdate`, until the viewer can't see it any more.

    Raises NotFound, InvalidInput, Unavailable.
    """
    hub, viewer = context.services.hub, context.viewer
    place = await hub.place(after)
    author_id = await hub.visible_posts.author(viewer.key, post_id)
    if author_id is None:
        raise NotFound("post")
    thread = Thread(hub.audience, post_id, author_id)
    return Source(hub, viewer, place, ("post", post_id), lambda: thread, resumed=after is not None)
