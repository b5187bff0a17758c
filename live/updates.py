"""What subscribers are told: plain values, as viewers may see them. `schema/live.py` shapes them.

`cursor` is the place to resume after the update. Of several updates that one event makes, all but the last carry the
place before the event: a client that is cut off in between gets them again rather than missing some.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from execution.pages import Edge


class RemovalReason(StrEnum):
    """Why something is no longer there for the viewer."""

    DELETED = "DELETED"
    HIDDEN = "HIDDEN"
    UNFOLLOWED = "UNFOLLOWED"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True, slots=True)
class Update:
    """Something that a subscriber is told."""

    cursor: str


@dataclass(frozen=True, slots=True)
class PostAdded(Update):
    """A post came into the viewer's feed; its edge is that of `Query.feed`."""

    edge: Edge


@dataclass(frozen=True, slots=True)
class PostEdited(Update):
    """A post's text changed; `post` is its row as it is now."""

    post: Any


@dataclass(frozen=True, slots=True)
class PostRemoved(Update):
    """A post is gone, or no longer for this viewer. Its content isn't told."""

    post_id: int
    reason: RemovalReason


@dataclass(frozen=True, slots=True)
class CommentAdded(Update):
    """A comment was written; its edge is that of `Post.comments`, or of `Comment.replies` for a reply."""

    edge: Edge


@dataclass(frozen=True, slots=True)
class CommentEdited(Update):
    """A comment's text changed; `comment` is its row as it is now."""

    comment: Any


@dataclass(frozen=True, slots=True)
class CommentRemoved(Update):
    """A comment is gone."""

    comment_id: int
    post_id: int
    reason: RemovalReason


@dataclass(frozen=True, slots=True)
class CountsChanged(Update):
    """A post's counts as they are now for this viewer."""

    post_id: int
    like_count: int
    comment_count: int


@dataclass(frozen=True, slots=True)
class Heartbeat(Update):
    """Nothing happened, up to here."""


@dataclass(frozen=True, slots=True)
class ResyncRequired(Update):
    """What was missed can't be told: query anew, and go on from this cursor."""

    reason: str


@dataclass(frozen=True, slots=True)
class Telling:
    """An update that lacks only its cursor, and whom it is for."""

    update: Callable[[str], Update]
    viewers: Collection[int]
    more: bool = False
    """Whether the same event has more to tell these viewers."""
    last: bool = False
    """Whether there is nothing more to tell them, ever."""


def series(made: list[Callable[[str], Update]], viewer: int) -> list[Telling]:
    """Several updates that one event makes for a viewer."""
    return [Telling(update, (viewer,), more=place < len(made)) for place, update in enumerate(made, 1)]


FeedUpdate = PostAdded | PostEdited | PostRemoved | Heartbeat | ResyncRequired
PostUpdate = (
    PostEdited
    | PostRemoved
    | CommentAdded
    | CommentEdited
    | CommentRemoved
    | CountsChanged
    | Heartbeat
    | ResyncRequired
)
