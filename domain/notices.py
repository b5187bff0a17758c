"""Letters that tell people what happened to their accounts, in case it wasn't them."""

from sqlalchemy import BigInteger, bindparam, select

from core.transactions import Transaction
from domain import letters
from models.users import Account, User

_REACHED = (
    select(Account.email, User.handle)
    .join(User, User.id == Account.user_id)
    .where(Account.user_id == bindparam("user_id", type_=BigInteger), Account.email_verified_at.isnot(None))
)


async def send(tx: Transaction, user_id: int, what: str) -> None:
    """Write to somebody's address, if it was shown to be theirs: `what` happened, e.g. "a passkey was added"."""
    reached = await tx.first(_REACHED, user_id=user_id)
    if reached is not None:
        await letters.send(tx, "security_notice", to=reached.email, handle=reached.handle, what=what)
