"""What a sign-in, and whoever comes back as somebody, reads: rows of the caller's own, which no other could see."""

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Text, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.gathering import Gathering
from domain.viewer import Suspension, Viewer
from models.sessions import Session, SessionKind
from models.users import Account, Role, User

_LOGIN = bindparam("login", type_=Text)
_OF_ADDRESS = select(Account.user_id).where(
    func.lower(Account.email) == func.lower(_LOGIN), Account.email_verified_at.isnot(None)
)
# Two look-ups by an index each: as an OR over both tables, everybody would be read.
_NAMED = select(User.id).where(User.handle == _LOGIN).union_all(_OF_ADDRESS)
_ACCOUNT = select(Account.user_id, Account.password_hash, Account.password_version).where(Account.user_id.in_(_NAMED))
_SINCE = select(Session.created_at).where(Session.id == bindparam("session_id", type_=BigInteger))
_IS_OPEN = Session.revoked_at.is_(None) & or_(Session.expires_at.is_(None), Session.expires_at > func.now())
_SEEN = (
    select(
        Session.id,
        Session.user_id,
        Session.scopes,
        Session.expires_at,
        Account.role,
        Account.suspended_at,
        Account.suspended_until,
        Account.suspension_reason,
    )
    .outerjoin(Account, Account.user_id == Session.user_id)
    .where(_IS_OPEN)
)
_OPEN = _SEEN.where(Session.id == func.any(bindparam("sessions", type_=ARRAY(BigInteger))))
_OF_SECRET = _SEEN.where(
    Session.secret_hash == bindparam("hash", type_=LargeBinary), Session.kind == bindparam("kind", type_=Text)
)


async def account_by_login(db: Database, login: str) -> Any | None:
    """`user_id`, `password_hash` and `password_version` by handle or verified e-mail address; None for nobody."""
    login = login.strip().lower()
    rows = await db.read(_ACCOUNT, login=login) if login.isprintable() else []
    return rows[0] if rows else None


async def authenticated_at(db: Database, viewer: Viewer) -> datetime | None:
    """When the viewer signed in."""
    rows = await db.read(_SINCE, session_id=viewer.session_id or 0)
    return rows[0].created_at if rows else None


async def viewer_of(db: Database, session_id: int) -> Viewer | None:
    """Whom an open session speaks for, and what they may; None where it is over."""
    return (await _viewers(db, [session_id])).get(session_id)


async def viewer_by_secret(db: Database, digest: bytes, kind: SessionKind) -> tuple[Viewer, datetime | None] | None:
    """Whom the open session with this secret speaks for, and until when; None where there is none."""
    rows = await db.read(_OF_SECRET, hash=digest, kind=kind)
    return (_viewer(rows[0]), rows[0].expires_at) if rows else None


class OpenSessions:
    """Whom open sessions speak for, asked at once for all who come back at once: after a restart, thousands do."""

    def __init__(self, db: Database) -> None:
        self._open = Gathering(partial(_viewers, db))

    async def viewer_of(self, session_id: int) -> Viewer | None:
        """See above. Raises Unavailable."""
        return (await self._open.about(session_id)).get(session_id)


async def _viewers(db: Database, sessions: list[int]) -> dict[int, Viewer]:
    return {row.id: _viewer(row) for row in await db.read(_OPEN, sessions=sessions)}


def _viewer(row: Any) -> Viewer:
    return Viewer(
        row.user_id,
        row.id,
        scopes=None if row.scopes is None else frozenset(row.scopes),
        role=Role(row.role or Role.USER),
        suspension=Suspension.of(row),
    )
