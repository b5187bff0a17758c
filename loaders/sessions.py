"""What a sign-in reads. Single rows of the caller's own: nothing to batch, nothing that another could see."""

from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, func, or_, select

from core.database import Database
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
_OPEN = select(Session.id).where(
    Session.id == bindparam("session", type_=BigInteger),
    Session.user_id == bindparam("user", type_=BigInteger),
    Session.revoked_at.is_(None),
)


async def account_by_login(db: Database, login: str) -> Any | None:
    """`user_id` and `password_hash` by handle or e-mail address; None for nobody."""
    login = login.strip().lower()
    rows = await db.read(_ACCOUNT, login=login) if login.isprintable() else []
    return rows[0] if rows else None


async def session_is_open(db: Database, viewer: Viewer) -> bool:
    """Whether the viewer's session still stands."""
    return bool(await db.read(_OPEN, session=viewer.session_id, user=viewer.user_id))
