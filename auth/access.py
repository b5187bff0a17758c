"""What people do about whatever may call the API as them: their sessions, and tokens for programs of their own."""

from typing import TYPE_CHECKING

from auth import personal
from auth.personal import Made
from core.ids import decode_as
from domain import access
from loaders.context import Info

if TYPE_CHECKING:
    from schema.access import CreatePersonalTokenInput, EndSessionInput, RevokePersonalTokenInput


async def create_personal_token(info: Info, input: "CreatePersonalTokenInput") -> Made:
    """See `personal.create`."""
    context = info.context
    return await personal.create(
        context.services,
        context.viewer,
        context.device,
        name=input.name,
        scopes=input.scopes,
        expires_at=input.expires_at,
        password=input.password,
        code=input.code,
    )


async def revoke_personal_token(info: Info, input: "RevokePersonalTokenInput") -> str:
    """Make a token void. Raises NotSignedIn, NotFound, InvalidInput."""
    context, token_id = info.context, _session(info, input.personal_token_id, "personalTokenId")
    await access.revoke_token(context.db, context.viewer, context.device, token_id)
    return input.personal_token_id


async def end_session(info: Info, input: "EndSessionInput") -> str:
    """Sign one of the viewer's devices out. Raises NotSignedIn, NotFound, InvalidInput."""
    context, session_id = info.context, _session(info, input.session_id, "sessionId")
    await access.end_session(context.db, context.viewer, context.device, session_id)
    return input.session_id


async def end_other_sessions(info: Info) -> bool:
    """Sign all of the viewer's other devices out. Raises NotSignedIn."""
    await access.end_other_sessions(info.context.db, info.context.viewer, info.context.device)
    return True


def _session(info: Info, id: str, name: str) -> int:
    info.context.viewer.require_user()
    return decode_as("session", id, "input", name)
