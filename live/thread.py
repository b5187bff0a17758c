"""What events mean for those who read a post and its comments."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from domain import events
from execution.pages import Edge, Page
from live import topics, updates
from live.audience import Audience, Seen
from live.stream import Entry
from live.topics import Topic
from live.updates import RemovalReason, Telling
from loaders.comments import CommentsOfPost, RepliesOfComment

if TYPE_CHECKING:
    from models.comments import Comment


class Thread:
    """The subject of `postUpdates`: one post, for all who follow it live."""

    has_counts = True

    def __init__(self, audience: Audience, post_id: int, author_id: int) -> None:
        self._audience, self._post_id, self._author = audience, post_id, author_id
        self.topics: tuple[Topic, ...] = (topics.post(post_id), topics.user(author_id))

    async def counted(self, viewers: Collection[int]) -> list[Telling]:
        """The counts as they are now: the same for all but those who don't see somebody who is counted."""
        return [
            Telling(
                partial(
                    updates.CountsChanged, post_id=self._post_id, like_count=same.likes, comment_count=same.comments
                ),
                same.viewers,
            )
            for same in await self._audience.of_counts(self._post_id, viewers)
        ]

    async def told(self, entries: Sequence[Entry], viewers: Collection[int]) -> list[list[Telling]]:
        """What each event means for these viewers now."""
        told = events.CommentAdded | events.CommentEdited
        ids = {entry.event.comment_id for entry in entries if isinstance(entry.event, told)}
        seen = await self._audience.of_comments(ids, viewers)
        return [await self._told(entry, viewers, seen) for entry in entries]

    async def _told(self, entry: Entry, viewers: Collection[int], seen: Mapping[int, Seen]) -> list[Telling]:
        match entry.event:
            case events.PostDeleted(self._post_id):
                return [self._removed(RemovalReason.DELETED, viewers)]
            case events.PostEdited(self._post_id):
                post = await self._audience.of_post(self._post_id, viewers)
                return [Telling(partial(updates.PostEdited, post=post.row), post.by)] if post else []
            case events.CommentDeleted() as event:
                return await self._comment_removed(event, viewers)
            case events.CommentEvent(comment_id) as event:
                return [_comment(event, seen[comment_id])] if comment_id in seen else []
            case events.MadePrivate(self._author):
                return await self._lost(RemovalReason.HIDDEN, viewers)
            case events.Unfollowed(viewer, self._author):
                return await self._lost(RemovalReason.UNFOLLOWED, {viewer}.intersection(viewers))
            case events.Blocked(self._author, other) | events.Blocked(other, self._author):
                return await self._lost(RemovalReason.BLOCKED, {other}.intersection(viewers))
        return []

    async def _comment_removed(self, event: events.CommentEvent, viewers: Collection[int]) -> list[Telling]:
        removed = partial(
            updates.CommentRemoved,
            comment_id=event.comment_id,
            post_id=event.post_id,
            reason=RemovalReason.DELETED,
        )
        return [Telling(removed, await self._audience.of_post_and_person(self._post_id, event.author_id, viewers))]

    async def _lost(self, reason: RemovalReason, viewers: Collection[int]) -> list[Telling]:
        """Those who may not see the post any more. Where it is deleted by now, that is told by its own event."""
        rows = await self._audience.without_post(self._post_id, viewers) if viewers else []
        reasons = {row.viewer: reason if row.sees_author else RemovalReason.BLOCKED for row in rows}
        return [
            self._removed(each, [viewer for viewer, why in reasons.items() if why is each])
            for each in dict.fromkeys(reasons.values())
        ]

    def _removed(self, reason: RemovalReason, viewers: Collection[int]) -> Telling:
        return Telling(partial(updates.PostRemoved, post_id=self._post_id, reason=reason), viewers, last=True)


def _comment(event: events.CommentEvent, seen: Seen) -> Telling:
    if isinstance(event, events.CommentEdited):
        return Telling(partial(updates.CommentEdited, comment=seen.row), seen.by)
    return Telling(partial(updates.CommentAdded, edge=_edge(seen.row)), seen.by)


def _edge(comment: "Comment") -> Edge:
    """The comment among its siblings, in the order that the field has by default."""
    is_reply = comment.parent_id is not None
    listing = RepliesOfComment.listings["OLDEST"] if is_reply else CommentsOfPost.listings["NEWEST"]
    return Edge(comment, Page([comment], False, False, listing.cursor))
