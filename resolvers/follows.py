"""Follows, requests and blocks: the root fields that change them."""

from typing import TYPE_CHECKING

from core.ids import decode_as
from domain import follows
from loaders.context import Info
from models.users import User

if TYPE_CHECKING:
    from schema import follows as inputs


async def follow_user(info: Info, input: "inputs.FollowUserInput") -> User:
    """See `domain.follows.follow`."""
    return await follows.follow(
        info.context.db, info.context.viewer, decode_as("user", input.user_id, "input", "userId")
    )


async def unfollow_user(info: Info, input: "inputs.UnfollowUserInput") -> User:
    """See `domain.follows.unfollow`."""
    return await follows.unfollow(
        info.context.db, info.context.viewer, decode_as("user", input.user_id, "input", "userId")
    )


async def accept_follow(info: Info, input: "inputs.AcceptFollowInput") -> User:
    """See `domain.follows.accept`."""
    return await follows.accept(
        info.context.db, info.context.viewer, decode_as("user", input.user_id, "input", "userId")
    )


async def decline_follow(info: Info, input: "inputs.DeclineFollowInput") -> User:
    """See `domain.follows.decline`."""
    return await follows.decline(
        info.context.db, info.context.viewer, decode_as("user", input.user_id, "input", "userId")
    )


async def block_user(info: Info, input: "inputs.BlockUserInput") -> User:
    """See `domain.follows.block`."""
    return await follows.block(
        info.context.db, info.context.viewer, decode_as("user", input.user_id, "input", "userId")
    )


async def unblock_user(info: Info, input: "inputs.UnblockUserInput") -> User:
    """See `domain.follows.unblock`."""
    return await follows.unblock(
        info.context.db, info.context.viewer, decode_as("user", input.user_id, "input", "userId")
    )
