"""What events mean for somebody who reads a post and its comments."""

import math
import time
from functools import partial
from typing import TYPE_CHECKING

from core.errors import NotFound
from domain import events
from execution.pages import Edge, Page
from live import topics, updates
from live.stream import Entry
from live.topics import Topic
from live.updates import RemovalReason, Telling
from loaders.comments import CommentById, CommentsOfPost, RepliesOfComment
from loaders.posts import PostById, PostCounts
from loaders.users import UserById

if TYPE_CHECKING:
    from loaders.base import Loaders
    from loaders.context import Context
    from models.comments import Comment

COUNTS_EVERY = 0.5


class ThreadOfPost:
    """The source of `postUpdates`."""

    def __init__(self, context: "Context", post_id: int, *, resumed: bool) -> None:
        self._context, self._post_id, self._viewer = context, post_id, context.viewer.user_id
        self._author = 0
        self._counts_told_at = -math.inf
        # Counts that were due when a client was cut off aren't behind its cursor: tell them again.
        self._counts_due_at = 0.0 if resumed else math.inf
        self.topics: tuple[Topic, ...] = ()
        self.over = False

    async def open(self) -> None:
        """Raises NotFound for a post that the viewer may not see."""
        post = await self._context.afresh().loaders[PostById].load(self._post_id)
        if post is None:
            raise NotFound("post")
        self._author = post.author_id
        self.topics = (topics.post(self._post_id), topics.user(self._author))
        if self._viewer is not None:
            self.topics += (topics.user(self._viewer),)

    def due_in(self) -> float:
        """Seconds until counts that have changed may be told."""
        return self._counts_due_at - time.monotonic()

    async def overdue(self) -> list[Telling]:
        """The counts as they are now."""
        loaders = self._context.afresh().loaders
        counts = await loaders[PostCounts].load(self._post_id) if await self._is_visible(loaders) else None
        self._counts_due_at, self._counts_told_at = math.inf, time.monotonic()
        if counts is None:
            return []
        return [
            partial(
                updates.CountsChanged,
                post_id=self._post_id,
                like_count=counts.likes,
                comment_count=counts.comments,
            )
        ]

    async def told(self, entry: Entry) -> list[Telling]:
        """What the event means for the viewer now."""
        loaders = self._context.afresh().loaders
        match entry.event:
            case events.PostDeleted():
                return self._end(RemovalReason.DELETED)
            case events.PostEdited():
                post = await loaders[PostById].load(self._post_id)
                return [partial(updates.PostEdited, post=post)] if post else []
            case events.CommentEvent() as event:
                return await self._comment(loaders, event)
            case events.CountsChanged():
                due_at = max(time.monotonic(), self._counts_told_at + COUNTS_EVERY)
                self._counts_due_at = min(self._counts_due_at, due_at)
            case events.MadePrivate(self._author):
                return await self._end_if_hidden(loaders, RemovalReason.HIDDEN)
            case events.Unfollowed(self._viewer, self._author):
                return await self._end_if_hidden(loaders, RemovalReason.UNFOLLOWED)
            case events.Blocked(self._viewer, self._author) | events.Blocked(self._author, self._viewer):
                return await self._end_if_hidden(loaders, RemovalReason.BLOCKED)
        return []

    async def _comment(self, loaders: "Loaders", event: events.CommentEvent) -> list[Telling]:
        if isinstance(event, events.CommentDeleted):
            if await self._is_visible(loaders) and await loaders[UserById].load(event.author_id):
                return [_comment_removed(event)]
            return []
        comment = await loaders[CommentById].load(event.comment_id)
        if comment is None:
            return []
        if isinstance(event, events.CommentEdited):
            return [partial(updates.CommentEdited, comment=comment)]
        return [partial(updates.CommentAdded, edge=_edge(comment))]

    async def _end_if_hidden(self, loaders: "Loaders", reason: RemovalReason) -> list[Telling]:
        if await self._is_visible(loaders):
            return []
        is_blocked = await loaders[UserById].load(self._author) is None
        return self._end(RemovalReason.BLOCKED if is_blocked else reason)

    def _end(self, reason: RemovalReason) -> list[Telling]:
        self.over = True
        return [partial(updates.PostRemoved, post_id=self._post_id, reason=reason)]

    async def _is_visible(self, loaders: "Loaders") -> bool:
        return await loaders[PostById].load(self._post_id) is not None


def _comment_removed(event: events.CommentDeleted) -> Telling:
    return partial(
        updates.CommentRemoved,
        comment_id=event.comment_id,
        post_id=event.post_id,
        reason=RemovalReason.DELETED,
    )


def _edge(comment: "Comment") -> Edge:
    """The comment among its siblings, in the order that the field has by default."""
    is_reply = comment.parent_id is not None
    listing = RepliesOfComment.listings["OLDEST"] if is_reply else CommentsOfPost.listings["NEWEST"]
    return Edge(comment, Page([comment], False, False, listing.cursor))
