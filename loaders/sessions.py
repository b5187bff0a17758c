"""What a sign-in, and whoever comes back as somebody, reads: rows of the caller's own, which no other could see."""

from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.gathering import Gathering
from domain.viewer import Viewer
from models.sessions import Session
from models.users import Account, User

_ACCOUNT = (
    select(Account.user_id, Account.password_hash)
    .join(User, User.id == Account.user_id)
    .where(
        or_(
            User.handle == bindparam("login", type_=Text),
            func.lower(Account.email) == func.lower(bindparam("login", type_=Text)),
        )
    )
)
_IS_OPEN = Session.revoked_at.is_(None) & or_(Session.expires_at.is_(None), Session.expires_at > func.now())
_OPEN = select(Session.id).where(
    Session.id == bindparam("session", type_=BigInteger),
    Session.user_id == bindparam("user", type_=BigInteger),
    _IS_OPEN,
)
_OPEN_AMONG = select(Session.id, Session.user_id).where(
    Session.id == func.any(bindparam("sessions", type_=ARRAY(BigInteger))), _IS_OPEN
)


async def account_by_login(db: Database, login: str) -> Any | None:
    """`user_id` and `password_hash` by handle or e-mail address; None for nobody."""
    login = login.strip().lower()
    rows = await db.read(_ACCOUNT, login=login) if login.isprintable() else []
    return rows[0] if rows else None


async def session_is_open(db: Database, viewer: Viewer) -> bool:
    """Whether the viewer's session still stands."""
    return bool(await db.read(_OPEN, session=viewer.session_id, user=viewer.user_id))


class OpenSessions:
    """Which sessions still stand, asked at once for all who come back at once: after a restart, thousands do."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._open = Gathering(self._ask)

    async def include(self, viewer: Viewer) -> bool:
        """Whether the viewer's session is among them. Raises Unavailable."""
        return (viewer.session_id, viewer.user_id) in await self._open.about(viewer.session_id or 0)

    async def _ask(self, sessions: list[int]) -> set[tuple[int, int]]:
        return {(row.id, row.user_id) for row in await self._db.read(_OPEN_AMONG, sessions=sessions)}
