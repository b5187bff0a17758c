"""Likes: the root fields that change them."""

from typing import TYPE_CHECKING

from core.ids import decode_as
from domain import likes
from loaders.context import Info
from models.comments import Comment
from models.posts import Post

if TYPE_CHECKING:
    from schema import likes as inputs


async def like_post(info: Info, input: "inputs.LikePostInput") -> Post:
    """See `domain.likes.like_post`."""
    return await likes.like_post(info.context.db, info.context.viewer, _post(input.post_id))


async def unlike_post(info: Info, input: "inputs.UnlikePostInput") -> Post:
    """See `domain.likes.unlike_post`."""
    return await likes.unlike_post(info.context.db, info.context.viewer, _post(input.post_id))


async def like_comment(info: Info, input: "inputs.LikeCommentInput") -> Comment:
    """See `domain.likes.like_comment`."""
    return await likes.like_comment(info.context.db, info.context.viewer, _comment(input.comment_id))


async def unlike_comment(info: Info, input: "inputs.UnlikeCommentInput") -> Comment:
    """See `domain.likes.unlike_comment`."""
    return await likes.unlike_comment(info.context.db, info.context.viewer, _comment(input.comment_id))


def _post(post_id: str) -> int:
    return decode_as("post", post_id, "input", "postId")


def _comment(comment_id: str) -> int:
    return decode_as("comment", comment_id, "input", "commentId")
