"""Comments: the root fields that change them."""

from typing import TYPE_CHECKING

from core.ids import decode_as, encode
from domain import comments
from loaders.context import Info
from models.comments import Comment

if TYPE_CHECKING:
    from schema import comments as inputs


async def add_comment(info: Info, input: "inputs.AddCommentInput") -> Comment:
    """See `domain.comments.add`."""
    parent = input.parent_id
    return await comments.add(
        info.context.db,
        info.context.viewer,
        post_id=decode_as("post", input.post_id, "input", "postId"),
        parent_id=None if parent is None else decode_as("comment", parent, "input", "parentId"),
        body=input.body,
        client_mutation_id=input.client_mutation_id,
    )


async def edit_comment(info: Info, input: "inputs.EditCommentInput") -> Comment:
    """See `domain.comments.edit`."""
    return await comments.edit(info.context.db, info.context.viewer, _id(input.comment_id), body=input.body)


async def delete_comment(info: Info, input: "inputs.DeleteCommentInput") -> str:
    """See `domain.comments.remove`."""
    context = info.context
    return encode("comment", await comments.remove(context.db, context.viewer, _id(input.comment_id), context.device))


def _id(comment_id: str) -> int:
    return decode_as("comment", comment_id, "input", "commentId")
