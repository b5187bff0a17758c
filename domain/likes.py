"""What may happen between a person and what others made: like, unlike. Doing either twice changes nothing."""

from core.database import Database
from core.transactions import Transaction
from domain import comments, counters, events, pairs, posts
from domain.viewer import Viewer
from models.comments import Comment, CommentCounter, CommentLike
from models.posts import Post, PostCounter, PostLike


async def like_post(db: Database, viewer: Viewer, post_id: int) -> Post:
    """Raises NotSignedIn, NotFound."""
    user = viewer.require_user()
    async with db.write() as tx:
        post = await posts.visible(tx, viewer, post_id)
        if await pairs.add(tx, PostLike, post_id=post_id, user_id=user):
            _count_post(tx, post_id, +1)
    return post


async def unlike_post(db: Database, viewer: Viewer, post_id: int) -> Post:
    """Raises NotSignedIn, NotFound."""
    user = viewer.require_user()
    async with db.write() as tx:
        post = await posts.visible(tx, viewer, post_id)
        if await pairs.remove(tx, PostLike, post_id=post_id, user_id=user):
            _count_post(tx, post_id, -1)
    return post


async def like_comment(db: Database, viewer: Viewer, comment_id: int) -> Comment:
    """Raises NotSignedIn, NotFound."""
    user = viewer.require_user()
    async with db.write() as tx:
        comment = await comments.visible(tx, viewer, comment_id)
        if await pairs.add(tx, CommentLike, comment_id=comment_id, user_id=user):
            counters.add(tx, CommentCounter, comment_id, likes=+1)
    return comment


async def unlike_comment(db: Database, viewer: Viewer, comment_id: int) -> Comment:
    """Raises NotSignedIn, NotFound."""
    user = viewer.require_user()
    async with db.write() as tx:
        comment = await comments.visible(tx, viewer, comment_id)
        if await pairs.remove(tx, CommentLike, comment_id=comment_id, user_id=user):
            counters.add(tx, CommentCounter, comment_id, likes=-1)
    return comment


def _count_post(tx: Transaction, post_id: int, amount: int) -> None:
    counters.add(tx, PostCounter, post_id, likes=amount)
    events.record(tx, events.CountsChanged(post_id))
