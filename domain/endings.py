"""What ends a session, with all its tokens: each process is told by one event, and forgets them within a second."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Text, bindparam, func, or_, update
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import NotSignedIn
from core.ids import encode
from core.transactions import Transaction
from domain import audit, events
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.viewer import Viewer
from models.sessions import Session, SessionKind

_REVOKE = (
    update(Session)
    .where(Session.id == bindparam("id", type_=BigInteger), Session.revoked_at.is_(None))
    .values(revoked_at=func.now())
    .returning(Session.id, Session.user_id)
)
_REVOKE_ALL = (
    update(Session)
    .where(
        Session.user_id == bindparam("user_id", type_=BigInteger),
        Session.kind == func.any(bindparam("kinds", type_=ARRAY(Text))),
        Session.id != bindparam("but", type_=BigInteger),
        Session.revoked_at.is_(None),
    )
    .values(revoked_at=func.now())
    .returning(Session.id)
)
_ONE = bindparam("user_id", type_=BigInteger)
_REVOKE_LENT = (
    update(Session)
    .where(
        Session.app_id == bindparam("app_id", type_=BigInteger),
        or_(_ONE.is_(None), Session.user_id == _ONE),
        Session.revoked_at.is_(None),
    )
    .values(revoked_at=func.now())
    .returning(Session.id)
)


async def revoke(tx: Transaction, session_id: int, kind: SecurityEventKind, device: Device | None = None) -> None:
    """End a session, told to its person as what it is."""
    for session in await tx.rows(_REVOKE, id=session_id):
        events.record(tx, events.SessionRevoked(session_id))
        if session.user_id is not None:
            audit.record(tx, session.user_id, kind, device, session=encode("session", session_id))


async def end_lent_to(tx: Transaction, app_id: int, user_id: int | None = None) -> None:
    """End what an app has, of one person or all."""
    for session in await tx.rows(_REVOKE_LENT, app_id=app_id, user_id=user_id):
        events.record(tx, events.SessionRevoked(session.id))


async def end(db: Database, viewer: Viewer, device: Device | None = None) -> None:
    """Sign out: the session and all its tokens are void. Raises NotSignedIn."""
    if viewer.session_id is None:
        raise NotSignedIn
    async with db.write() as tx:
        await revoke(tx, viewer.session_id, SecurityEventKind.SIGNED_OUT, device)


async def end_all(
    tx: Transaction,
    user_id: int,
    device: Device | None = None,
    *,
    but: int | None = None,
    kinds: Iterable[SessionKind] = SessionKind,
) -> None:
    """End whatever lets somebody call the API, of these kinds, `but` for one."""
    for session in await tx.rows(_REVOKE_ALL, user_id=user_id, kinds=list(kinds), but=but or 0):
        events.record(tx, events.SessionRevoked(session.id))
        ended = encode("session", session.id)
        audit.record(tx, user_id, SecurityEventKind.SESSION_ENDED, device, session=ended)
