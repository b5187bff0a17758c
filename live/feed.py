"""What events mean for a viewer's feed: posts by the viewer and by those whom the viewer follows."""

import math
from functools import partial
from typing import TYPE_CHECKING

from core import ids
from domain import events
from execution.pages import Edge, Page
from live import topics, updates
from live.stream import Entry
from live.topics import Topic
from live.updates import RemovalReason, Telling
from loaders.feeds import Feed
from loaders.follows import FollowOfViewer, FollowState
from loaders.posts import NewestPosts, PostById
from loaders.users import UserById

if TYPE_CHECKING:
    from loaders.context import Context


class FeedOfViewer:
    """The source of `feedUpdates`."""

    over = False

    def __init__(self, context: "Context", viewer: int) -> None:
        self._context, self._viewer = context, viewer
        self._follows_author = context.services.hub.follows_author
        self.topics: tuple[Topic, ...] = (topics.POSTS, topics.user(viewer))

    async def open(self) -> None:
        """Everybody has a feed."""

    def due_in(self) -> float:
        """Nothing is told without an event."""
        return math.inf

    async def overdue(self) -> list[Telling]:
        """Nothing."""
        return []

    async def told(self, entry: Entry) -> list[Telling]:
        """What the event means for the feed as it is now."""
        match entry.event:
            case events.PostEvent() as event:
                return await self._post(event) if await self._is_in_feed(event.author_id) else []
            case events.Unfollowed(self._viewer, followee):
                return await self._author_left(entry, followee)
            case events.Blocked(self._viewer, other) | events.Blocked(other, self._viewer):
                return await self._author_blocked(entry, other)
        return []

    async def _is_in_feed(self, author: int) -> bool:
        return author == self._viewer or await self._follows_author.load((self._viewer, author))

    async def _post(self, event: events.PostEvent) -> list[Telling]:
        if isinstance(event, events.PostDeleted):
            return [partial(updates.PostRemoved, post_id=event.post_id, reason=RemovalReason.DELETED)]
        post = await self._context.afresh().loaders[PostById].load(event.post_id)
        if post is None:
            return []
        if isinstance(event, events.PostEdited):
            return [partial(updates.PostEdited, post=post)]
        page = Page([post], False, False, Feed.listings[""].cursor)
        return [partial(updates.PostAdded, edge=Edge(post, page))]

    async def _author_left(self, entry: Entry, author: int) -> list[Telling]:
        """The viewer followed the author until now, and so could see every post."""
        loaders = self._context.afresh().loaders
        if await loaders[FollowOfViewer].load(author) is FollowState.FOLLOWING:
            return []
        is_visible = await loaders[UserById].load(author) is not None
        reason = RemovalReason.UNFOLLOWED if is_visible else RemovalReason.BLOCKED
        posts = await loaders[NewestPosts].load((author, ids.at(entry.at)))
        return [partial(updates.PostRemoved, post_id=post.id, reason=reason) for post in posts]

    async def _author_blocked(self, entry: Entry, author: int) -> list[Telling]:
        """Where there was a follow, its end has taken all posts away. Otherwise there may be those that all could see.

        The ids of others would tell how much somebody writes who has hidden it.
        """
        loaders = self._context.afresh().loaders
        if await loaders[FollowOfViewer].load(author) is FollowState.FOLLOWING:
            return []
        posts = await loaders[NewestPosts].load((author, ids.at(entry.at)))
        removed = [post for post in posts if post.for_all]
        return [partial(updates.PostRemoved, post_id=post.id, reason=RemovalReason.BLOCKED) for post in removed]
