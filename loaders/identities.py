"""What OpenID Connect tells an app of the person who let it: their own row, which no visibility could hide."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, select

from core.database import Database
from models.users import Account, User

_IDENTITY = (
    select(User.handle, User.name, User.avatar_url, Account.email, Account.email_verified_at)
    .outerjoin(Account, Account.user_id == User.id)
    .where(User.id == bindparam("id", type_=BigInteger))
)


async def identity_of(db: Database, user_id: int) -> Any:
    """`handle`, `name`, `avatar_url`, and `email`, `email_verified_at` of who has an account."""
    [row] = await db.read(_IDENTITY, id=user_id)
    return row
