"""What people do about whatever may call the API as them: their sessions, and tokens for programs of their own."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auth import personal
from core.ids import decode_as
from domain import access, sessions
from domain.audit import SecurityEventKind
from loaders.context import Info
from models.sessions import SIGN_INS, SessionKind

if TYPE_CHECKING:
    from schema.access import CreatePersonalTokenInput, EndSessionInput, RevokePersonalTokenInput


@dataclass(frozen=True, slots=True)
class Made:
    """A token as it is shown once, and what is kept of it."""

    token: str
    personal_token: Any


async def create_personal_token(info: Info, input: "CreatePersonalTokenInput") -> Made:
    """Make a token. Raises NotSignedIn, InvalidInput, Conflict."""
    token = personal.make()
    async with info.context.db.write() as tx:
        session = await access.make_token(
            tx,
            info.context.viewer,
            info.context.device,
            name=input.name,
            scopes=input.scopes,
            expires_at=input.expires_at,
            secret_hash=hashlib.sha256(token.encode()).digest(),
        )
    return Made(token, session)


async def revoke_personal_token(info: Info, input: "RevokePersonalTokenInput") -> str:
    """Make a token void. Raises NotSignedIn, NotFound, InvalidInput."""
    revoked = SecurityEventKind.PERSONAL_TOKEN_REVOKED
    return await _end(info, input.personal_token_id, "personalTokenId", (SessionKind.PERSONAL,), revoked)


async def end_session(info: Info, input: "EndSessionInput") -> str:
    """Sign one of the viewer's devices out. Raises NotSignedIn, NotFound, InvalidInput."""
    return await _end(info, input.session_id, "sessionId", SIGN_INS, SecurityEventKind.SESSION_ENDED)


async def end_other_sessions(info: Info) -> bool:
    """Sign all of the viewer's other devices out. Raises NotSignedIn."""
    viewer = info.context.viewer
    user_id = viewer.require_user()
    async with info.context.db.write() as tx:
        await sessions.end_all(tx, user_id, info.context.device, but=viewer.session_id, kinds=SIGN_INS)
    return True


async def _end(info: Info, id: str, name: str, kinds: tuple[SessionKind, ...], told_as: SecurityEventKind) -> str:
    context = info.context
    context.viewer.require_user()
    session_id = decode_as("session", id, "input", name)
    await access.end(context.db, context.viewer, context.device, session_id, kinds, told_as)
    return id
