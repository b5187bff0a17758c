"""People: finding them, and the viewer's own profile."""

from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput
from domain import text, users
from loaders.context import Info
from loaders.users import UserByHandle, UserById
from models.users import User

if TYPE_CHECKING:
    from schema.users import UpdateProfileInput


async def viewer(info: Info) -> User | None:
    """The signed-in person."""
    user_id = info.context.viewer.user_id
    return None if user_id is None else await info.context.loaders[UserById].load(user_id)


async def user_by_handle(info: Info, handle: str) -> User | None:
    """Somebody by handle, in any case."""
    known = text.handle(handle)
    return None if known is None else await info.context.loaders[UserByHandle].load(known)


async def update_profile(info: Info, input: "UpdateProfileInput") -> User:
    """See `domain.users.update_profile`."""
    info.context.viewer.require_user()
    changes: dict[str, Any] = {}
    if input.name:
        changes["name"] = text.clean(input.name.value or "", users.LONGEST_NAME, "input", "name", lines=False)
    if input.bio:
        bio = input.bio.value
        changes["bio"] = None if not bio else text.clean(bio, users.LONGEST_BIO, "input", "bio")
    if input.avatar_url:
        url = input.avatar_url.value
        changes["avatar_url"] = None if url is None else text.clean_url(url, "input", "avatarUrl")
    if input.is_private:
        if input.is_private.value is None:
            raise InvalidInput.at("input", "isPrivate", message="This can't be cleared: say true or false.")
        changes["is_private"] = input.is_private.value
    return await users.update_profile(info.context.db, info.context.viewer, changes)
