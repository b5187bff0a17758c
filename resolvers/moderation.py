"""Moderation: what only some roles may do and see."""

from typing import TYPE_CHECKING

from core.ids import decode_as
from domain import moderation
from domain.permissions import Permission, may
from execution.fields import ALONE
from execution.pages import Page
from loaders.context import Info
from loaders.moderation import SuspendedUsers
from models.users import User

if TYPE_CHECKING:
    from schema import moderation as inputs


async def suspended_users(info: Info, first: int | None = None, after: str | None = None) -> Page | None:
    """Who is suspended; None for those who may not know. Raises InvalidInput."""
    page = info.context.loaders[SuspendedUsers].page(first=first, after=after)
    return await page.load(ALONE) if may(info.context.viewer, Permission.SEE_STANDING) else None


async def suspend_user(info: Info, input: "inputs.SuspendUserInput") -> User:
    """See `domain.moderation.suspend`."""
    context, user_id = info.context, _id(input.user_id)
    return await moderation.suspend(
        context.db, context.viewer, user_id, reason=input.reason, until=input.until, device=context.device
    )


async def reinstate_user(info: Info, input: "inputs.ReinstateUserInput") -> User:
    """See `domain.moderation.reinstate`."""
    return await moderation.reinstate(info.context.db, info.context.viewer, _id(input.user_id), info.context.device)


async def set_role(info: Info, input: "inputs.SetRoleInput") -> User:
    """See `domain.moderation.set_role`."""
    context, user_id = info.context, _id(input.user_id)
    return await moderation.set_role(context.db, context.viewer, user_id, input.role, context.device)


def _id(user_id: str) -> int:
    return decode_as("user", user_id, "input", "userId")
