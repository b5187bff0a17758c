"""What people do about whatever may call the API as them: tokens for programs of their own, and the end of sessions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound, NotSignedIn
from core.ids import encode
from core.transactions import Transaction
from domain import audit, endings, notices, sessions
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.scopes import LENDABLE
from domain.text import clean
from domain.viewer import Viewer
from models.sessions import SIGN_INS, Session, SessionKind

LONGEST_NAME, MOST = 100, 50
TOUCHED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was used last."""

_IS_IT = Session.id == bindparam("id", type_=BigInteger)
_OWN = (
    select(Session.id)
    .where(
        _IS_IT,
        Session.user_id == bindparam("user_id", type_=BigInteger),
        Session.kind == func.any(bindparam("kinds", type_=ARRAY(Text))),
        Session.revoked_at.is_(None),
    )
    .with_for_update(key_share=True)
)
_TOUCH = (
    update(Session)
    .where(_IS_IT, Session.last_used_at < bindparam("before", type_=DateTime(timezone=True)))
    .values(last_used_at=func.now())
)
_HELD = (
    select(func.count())
    .select_from(Session)
    .where(
        Session.user_id == bindparam("user_id", type_=BigInteger),
        Session.kind == SessionKind.PERSONAL,
        Session.revoked_at.is_(None),
    )
)


async def make_token(
    tx: Transaction,
    viewer: Viewer,
    device: Device,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    secret_hash: bytes,
) -> Any:
    """A personal token's session. Raises NotSignedIn, InvalidInput, Conflict."""
    user_id = viewer.require_user()
    name = clean(name, LONGEST_NAME, "input", "name", lines=False)
    if not scopes:
        raise InvalidInput.at("input", "scopes", message="Choose at least one.")
    if not LENDABLE.issuperset(scopes):
        raise InvalidInput.at("input", "scopes", message=f"Known are {', '.join(sorted(LENDABLE))}.")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InvalidInput.at("input", "expiresAt", message="A moment to come.")
    if not await sessions.goes_on(tx, user_id, viewer.session_id):
        raise NotSignedIn
    [[held]] = await tx.rows(_HELD, user_id=user_id)
    if held >= MOST:
        raise Conflict(f"There are {MOST} tokens already: revoke one that isn't used.")
    session = await tx.insert(
        Session,
        user_id=user_id,
        kind=SessionKind.PERSONAL,
        name=name,
        scopes=sorted(set(scopes)),
        secret_hash=secret_hash,
        address=device.address,
        agent=device.name,
        expires_at=expires_at,
    )
    audit.record(
        tx, user_id, SecurityEventKind.PERSONAL_TOKEN_MADE, device, session=encode("session", session.id), name=name
    )
    await notices.send(tx, user_id, "a personal access token was made")
    return session


async def end_session(db: Database, viewer: Viewer, device: Device, session_id: int) -> None:
    """Sign one of the viewer's devices out. Raises NotSignedIn, NotFound."""
    await _end(db, viewer, device, session_id, SIGN_INS, SecurityEventKind.SESSION_ENDED)


async def end_other_sessions(db: Database, viewer: Viewer, device: Device) -> None:
    """Sign all of the viewer's other devices out. Raises NotSignedIn."""
    user_id = viewer.require_user()
    async with db.write() as tx:
        await endings.end_all(tx, user_id, device, but=viewer.session_id, kinds=SIGN_INS)


async def revoke_token(db: Database, viewer: Viewer, device: Device, session_id: int) -> None:
    """Make one of the viewer's personal tokens void. Raises NotSignedIn, NotFound."""
    await _end(db, viewer, device, session_id, (SessionKind.PERSONAL,), SecurityEventKind.PERSONAL_TOKEN_REVOKED)


async def touch(db: Database, session_id: int) -> None:
    """Put down that a session is used, unless that was put down within the minute."""
    async with db.write() as tx:
        tx.later(_TOUCH, id=session_id, before=datetime.now(UTC) - TOUCHED_EVERY)


async def _end(
    db: Database,
    viewer: Viewer,
    device: Device,
    session_id: int,
    kinds: Sequence[SessionKind],
    told_as: SecurityEventKind,
) -> None:
    user_id = viewer.require_user()
    async with db.write() as tx:
        if not await tx.rows(_OWN, id=session_id, user_id=user_id, kinds=list(kinds)):
            raise NotFound("session")
        await endings.revoke(tx, session_id, told_as, device)
