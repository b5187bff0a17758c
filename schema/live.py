"""Live updates: what a subscription tells."""

from typing import Annotated

import strawberry

from core.ids import encode
from execution.fields import Cursor, column
from live import updates
from live.updates import RemovalReason
from schema.comments import Comment
from schema.interfaces import row_type
from schema.pages import Edge
from schema.posts import Post


@strawberry.interface(description="Something that happened. `cursor` is where to go on after it.")
class LiveEvent:
    """Something that happened."""

    cursor: Cursor = column("Pass it as `after` when you subscribe again: you go on after this event.")


@row_type(updates.PostAdded, description="A post came into the feed.")
class PostAdded(LiveEvent):
    """A post came into the feed."""

    edge: Edge[Post] = column("The post with its place in the feed: put it on top.")


@row_type(updates.PostEdited, description="A post's text changed.")
class PostEdited(LiveEvent):
    """A post's text changed."""

    post: Post = column("The post as it is now.")


@row_type(updates.PostRemoved, description="A post left the viewer's sight.")
class PostRemoved(LiveEvent):
    """A post left the viewer's sight."""

    post_id: strawberry.ID = column(
        "The post's id; its content is gone.", of=lambda update: encode("post", update.post_id)
    )
    reason: RemovalReason = column("Why.")


@row_type(updates.CommentAdded, description="A comment was written.")
class CommentAdded(LiveEvent):
    """A comment was written."""

    edge: Edge[Comment] = column("The comment with its place among its siblings.")


@row_type(updates.CommentEdited, description="A comment's text changed.")
class CommentEdited(LiveEvent):
    """A comment's text changed."""

    comment: Comment = column("The comment as it is now.")


@row_type(updates.CommentRemoved, description="A comment left the viewer's sight.")
class CommentRemoved(LiveEvent):
    """A comment left the viewer's sight."""

    comment_id: strawberry.ID = column(
        "The comment's id; its content is gone.", of=lambda update: encode("comment", update.comment_id)
    )
    reason: RemovalReason = column("Why.")


@row_type(updates.CountsChanged, description="A post's counts changed; told at most twice a second.")
class CountsChanged(LiveEvent):
    """A post's counts changed."""

    post_id: strawberry.ID = column("The post's id.", of=lambda update: encode("post", update.post_id))
    like_count: int = column("How many like it now.")
    comment_count: int = column("How many comments it has now.")


@row_type(updates.Heartbeat, description="Nothing happened for a while; keeps the cursor fresh.")
class Heartbeat(LiveEvent):
    """Nothing happened for a while."""


@row_type(
    updates.ResyncRequired,
    description="`after` can't be honoured: query anew, and go on from the new page's `liveCursor` or this cursor.",
)
class ResyncRequired(LiveEvent):
    """`after` can't be honoured."""

    reason: str = column("Why, for a person.")


FeedUpdate = Annotated[
    PostAdded | PostEdited | PostRemoved | Heartbeat | ResyncRequired,
    strawberry.union("FeedUpdate", description="What happens to the viewer's feed."),
]
PostUpdate = Annotated[
    PostEdited
    | PostRemoved
    | CommentAdded
    | CommentEdited
    | CommentRemoved
    | CountsChanged
    | Heartbeat
    | ResyncRequired,
    strawberry.union("PostUpdate", description="What happens to a post and its comments."),
]
