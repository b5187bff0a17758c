"""Posts: the root fields that change them."""

from typing import TYPE_CHECKING

from core.ids import decode_as, encode
from domain import posts
from loaders.context import Info
from models.posts import Post

if TYPE_CHECKING:
    from schema import posts as inputs


async def create_post(info: Info, input: "inputs.CreatePostInput") -> Post:
    """See `domain.posts.create`."""
    return await posts.create(
        info.context.db,
        info.context.viewer,
        body=input.body,
        visibility=input.visibility,
        client_mutation_id=input.client_mutation_id,
    )


async def edit_post(info: Info, input: "inputs.EditPostInput") -> Post:
    """See `domain.posts.edit`."""
    return await posts.edit(info.context.db, info.context.viewer, _id(input.post_id), body=input.body)


async def delete_post(info: Info, input: "inputs.DeletePostInput") -> str:
    """See `domain.posts.remove`."""
    context = info.context
    return encode("post", await posts.remove(context.db, context.viewer, _id(input.post_id), context.device))


def _id(post_id: str) -> int:
    return decode_as("post", post_id, "input", "postId")
