"""People, what they do, and what others are told of it."""

import asyncio
from contextlib import aclosing
from itertools import count

from core.limits import Allowance
from domain import comments, follows, posts, users
from domain.device import Device
from domain.viewer import Viewer
from live import log, sources, updates
from loaders.context import Context, Services
from models.posts import Visibility
from models.users import User

NOBODY = Viewer()
_numbers = count(1)


class World:
    """People, what they do, and what others are told of it."""

    def __init__(self, db, hub):
        self.db, self.hub = db, hub
        self._open = []

    async def person(self):
        async with self.db.write() as tx:
            user = await tx.insert(User, handle=f"listener_{next(_numbers)}", name="Somebody")
        return Viewer(user.id, 1)

    async def make_private(self, person):
        await users.update_profile(self.db, person, {"is_private": True})

    async def follow(self, follower, followee):
        await follows.follow(self.db, follower, followee.user_id)

    async def post(self, author, visibility=Visibility.PUBLIC):
        return await posts.create(self.db, author, body="Hello.", visibility=visibility)

    async def comment(self, author, post, parent=None):
        return await comments.add(self.db, author, post_id=post.id, parent_id=parent and parent.id, body="Well.")

    def context(self, viewer):
        return Context(Services(self.db, self.hub, None), viewer, Device("here"), 1, Allowance(1, 1, 0, 0, True))

    async def feed(self, viewer, after=None):
        return await self._begun(await sources.feed_updates(self.context(viewer), after))

    async def thread(self, viewer, post, after=None):
        return await self._begun(await sources.post_updates(self.context(viewer), post.id, after))

    async def _begun(self, source):
        """A subscription that listens already."""
        subscription = Subscription(source)
        self._open.append(subscription)
        await asyncio.sleep(0.02)
        return subscription

    async def close(self):
        for subscription in self._open:
            await subscription.close()


class Subscription:
    """Collects what it is told, and keeps what nobody has asked about."""

    def __init__(self, source):
        self._source, self._told = source, asyncio.Queue()
        self._task = asyncio.create_task(self._collect())

    async def _collect(self):
        async with aclosing(aiter(self._source)) as source:
            async for update in source:
                self._told.put_nowait(update)
        self._told.put_nowait(None)

    async def next(self):
        """The next update; None when the subscription has ended."""
        get = asyncio.create_task(self._told.get())
        await asyncio.wait({get, self._task}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        if not get.done() and self._task.done() and self._task.exception():
            get.cancel()
            raise self._task.exception()
        return await asyncio.wait_for(get, 1)

    async def until(self, kind):
        """The first update of a kind, and those before it."""
        before = []
        while not isinstance(update := await self.next(), kind):
            before.append(update)
        return update, before

    async def close(self):
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def marked(world, viewer, feed):
    """Nothing more is told before the viewer's own next post."""
    own = await world.post(viewer)
    update = await feed.next()
    assert isinstance(update, updates.PostAdded)
    assert update.edge.node.id == own.id


async def marked_thread(world, author, post, thread):
    """Nothing more is told, counts aside, before the author's next comment."""
    own = await world.comment(author, post)
    update, before = await thread.until(updates.CommentAdded)
    assert update.edge.node.id == own.id
    assert all(isinstance(each, updates.CountsChanged) for each in before)


async def caught_up(world):
    async with asyncio.timeout(20):
        while await log.is_behind(world.db):  # noqa: ASYNC110 - polling is simplest
            await asyncio.sleep(0.01)
        seq = (await log.position(world.db)).last_seq
        while world.hub.position < seq:  # noqa: ASYNC110 - polling is simplest
            await asyncio.sleep(0.01)
