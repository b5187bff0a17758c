"""Links in e-mails: each for one purpose of one person, good once and for a while, kept as SHA-256."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Text, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import InvalidInput
from core.settings import settings
from core.transactions import Transaction
from models.links import AccountLink
from models.users import Account, User


class Purpose(StrEnum):
    """What a link does when it is used."""

    VERIFY_EMAIL = "VERIFY_EMAIL"
    CHANGE_EMAIL = "CHANGE_EMAIL"
    UNDO_EMAIL_CHANGE = "UNDO_EMAIL_CHANGE"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105


PAGES = {
    Purpose.VERIFY_EMAIL: "/account/verify",
    Purpose.CHANGE_EMAIL: "/account/email",
    Purpose.UNDO_EMAIL_CHANGE: "/account/undo",
    Purpose.RESET_PASSWORD: "/account/reset",
}
GOOD_FOR = {
    Purpose.VERIFY_EMAIL: timedelta(days=1),
    Purpose.CHANGE_EMAIL: timedelta(days=1),
    Purpose.UNDO_EMAIL_CHANGE: timedelta(days=7),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
}
ABOUT_ADDRESSES = frozenset({Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL, Purpose.UNDO_EMAIL_CHANGE})

EVER = datetime(1, 1, 2, tzinfo=UTC)

_NAMES = ("token_hash", "user_id", "purpose", "email", "expires_at")
_MAKE = insert(AccountLink).values({name: bindparam(name) for name in _NAMES})
_IS_GOOD = (
    AccountLink.token_hash == bindparam("hash"),
    AccountLink.purpose == func.any(bindparam("purposes", type_=ARRAY(Text))),
    AccountLink.expires_at > func.now(),
)
_HOLD = (
    select(Account.user_id)
    .join(AccountLink, AccountLink.user_id == Account.user_id)
    .where(*_IS_GOOD)
    .with_for_update(of=Account)
)
_TAKE = delete(AccountLink).where(*_IS_GOOD).returning(AccountLink)
_PEEK = (
    select(
        AccountLink.user_id,
        AccountLink.purpose,
        AccountLink.email,
        User.handle,
        User.name,
        Account.email.label("current_email"),
    )
    .join(User, User.id == AccountLink.user_id)
    .join(Account, Account.user_id == AccountLink.user_id)
    .where(*_IS_GOOD)
)
_VOID = delete(AccountLink).where(
    AccountLink.user_id == bindparam("user_id", type_=BigInteger),
    AccountLink.purpose == func.any(bindparam("purposes", type_=ARRAY(Text))),
    AccountLink.created_at >= bindparam("since", type_=DateTime(timezone=True)),
)


def make(tx: Transaction, purpose: Purpose, user_id: int, email: str) -> str:
    """A link to be sent, which nobody can make out from what is kept."""
    token, expires_at = secrets.token_urlsafe(32), datetime.now(UTC) + GOOD_FOR[purpose]
    tx.later(_MAKE, token_hash=_hash(token), user_id=user_id, purpose=purpose, email=email, expires_at=expires_at)
    return f"{settings().origin}{PAGES[purpose]}?token={token}"


async def peek(db: Database, token: str, *purposes: Purpose) -> Any | None:
    """What a good link is about, without using it: `purpose`, `email`, and whose it is. Raises Unavailable."""
    rows = await db.read(_PEEK, hash=_hash(token), purposes=list(purposes or Purpose))
    return rows[0] if rows else None


async def take(tx: Transaction, token: str, *purposes: Purpose) -> AccountLink:
    """Use a link up: of many who try at once, one has it. Raises InvalidInput.

    Its person's account is held first, as whoever voids links holds it: so nobody waits for one who waits for them.
    """
    named = {"hash": _hash(token), "purposes": list(purposes)}
    tx.later(_HOLD, **named)
    link = await tx.first(_TAKE, **named)
    if link is None:
        raise no_longer_good()
    return link  # type: ignore[no-any-return]


def void(tx: Transaction, user_id: int, *purposes: Purpose, since: datetime = EVER) -> None:
    """Make links of somebody useless, as far as they were made `since` a moment."""
    tx.later(_VOID, user_id=user_id, purposes=list(purposes), since=since)


def no_longer_good() -> InvalidInput:
    """One answer, whatever is the matter with a link."""
    return InvalidInput.at("input", "token", message="This link is no longer good: ask for another one.")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
