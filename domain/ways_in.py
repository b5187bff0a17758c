"""What lets somebody in: there is always something left that does."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select

from core.errors import Conflict
from core.transactions import Transaction
from models.factors import Passkey
from models.identities import Identity
from models.users import Account

_USER = bindparam("user_id", type_=BigInteger)
_HOLD = select(Account.user_id).where(Account.user_id == _USER).with_for_update()
_OF_PERSON: Any = (
    func.count(Account.password_hash)
    + select(func.count()).where(Passkey.user_id == _USER).scalar_subquery()
    + select(func.count()).where(Identity.user_id == _USER).scalar_subquery()
)
_LEFT = select(_OF_PERSON.label("ways")).where(Account.user_id == _USER)


async def hold(tx: Transaction, user_id: int) -> None:
    """Let nobody else change how this person signs in meanwhile: each of two may leave the other's way."""
    await tx.rows(_HOLD, user_id=user_id)


async def keep_one(tx: Transaction, user_id: int) -> None:
    """Go on only if a password, a passkey or an identity is left. Raises Conflict."""
    [left] = await tx.rows(_LEFT, user_id=user_id)
    if not left.ways:
        raise Conflict("This is your last way in: set a password or add another one first.")
