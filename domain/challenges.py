"""What somebody is asked, to be answered once and soon: kept as SHA-256, and what belongs to it sealed.

In PostgreSQL, not in Redis: what is good once must stay so when a cache fails over, and is used up in the transaction
of what it permits.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update

from core.database import Database
from core.sealing import seal, unseal
from core.transactions import Transaction
from models.challenges import Challenge
from models.users import Account


class Purpose(StrEnum):
    """What an answer is for."""

    SIGN_IN = "SIGN_IN"
    """A second factor, of somebody who has shown a first one."""
    PASSKEY_ADD = "PASSKEY_ADD"
    PASSKEY_USE = "PASSKEY_USE"
    EXTERNAL = "EXTERNAL"
    """Back from another provider."""
    JOIN = "JOIN"
    """Choose a handle, for somebody whom another provider knows."""
    PUSHED = "PUSHED"
    """Come with a browser, for what an app pushed (RFC 9126)."""
    OPENED = "OPENED"
    """Say what one lends, to the app that pushed it."""


GOOD_FOR = {
    Purpose.SIGN_IN: timedelta(minutes=10),
    Purpose.PASSKEY_ADD: timedelta(minutes=5),
    Purpose.PASSKEY_USE: timedelta(minutes=5),
    Purpose.EXTERNAL: timedelta(minutes=15),
    Purpose.JOIN: timedelta(minutes=30),
    Purpose.PUSHED: timedelta(seconds=90),
    Purpose.OPENED: timedelta(minutes=30),
}
FAILURES = 5
"""Wrong answers that end a challenge."""

_NAMES = ("token_hash", "purpose", "user_id", "sealed", "expires_at")
_MAKE = insert(Challenge).values({name: bindparam(name) for name in _NAMES})
_IS_IT = Challenge.token_hash == bindparam("hash")
_IS_GOOD = (_IS_IT, Challenge.purpose == bindparam("of"), Challenge.expires_at > func.now())
_PEEK = select(Challenge).where(*_IS_GOOD)
_HOLD_ACCOUNT = (
    select(Account.user_id)
    .join(Challenge, Challenge.user_id == Account.user_id)
    .where(*_IS_GOOD)
    .with_for_update(of=Account)
)
_TAKE = delete(Challenge).where(*_IS_GOOD).returning(Challenge)
_HOLD = _PEEK.with_for_update()
_FAIL = update(Challenge).where(_IS_IT).values(failures=Challenge.failures + 1)
_END = delete(Challenge).where(_IS_IT)
_END_ALL = delete(Challenge).where(Challenge.user_id == bindparam("user_id", type_=BigInteger))


class Asked(NamedTuple):
    """A challenge that is still good."""

    user_id: int | None
    holds: dict[str, Any]
    failures: int
    hash: bytes


def make(tx: Transaction, purpose: Purpose, user_id: int | None, **holds: Any) -> str:
    """A challenge's token. What it `holds` comes back with the answer, and nobody else reads it."""
    token, expires_at = secrets.token_urlsafe(32), datetime.now(UTC) + GOOD_FOR[purpose]
    sealed = seal(orjson.dumps(holds), purpose) if holds else None
    tx.later(_MAKE, token_hash=_hash(token), purpose=purpose, user_id=user_id, sealed=sealed, expires_at=expires_at)
    return token


async def peek(db: Database, token: str, purpose: Purpose) -> Asked | None:
    """A challenge that is still good, without an answer to it. Raises Unavailable."""
    rows = await db.read(_PEEK, hash=_hash(token), of=purpose)
    return _asked(rows[0], purpose) if rows else None


async def hold(tx: Transaction, token: str, purpose: Purpose) -> Asked | None:
    """A challenge that is still good, which nobody else answers meanwhile."""
    row = await tx.first(_HOLD, hash=_hash(token), of=purpose)
    return row and _asked(row, purpose)


async def take(tx: Transaction, token: str, purpose: Purpose) -> Asked | None:
    """Use a challenge up: of many who answer at once, one has it.

    Its person's account is held first, if it is anybody's, as whoever voids challenges holds it.
    """
    tx.later(_HOLD_ACCOUNT, hash=_hash(token), of=purpose)
    row = await tx.first(_TAKE, hash=_hash(token), of=purpose)
    return row and _asked(row, purpose)


def settle(tx: Transaction, asked: Asked, *, is_right: bool) -> None:
    """The answer was right, or it was wrong: either may end the challenge."""
    ends = is_right or asked.failures + 1 >= FAILURES
    tx.later(_END if ends else _FAIL, hash=asked.hash)


def void(tx: Transaction, user_id: int) -> None:
    """Nothing that somebody was asked can be answered any more."""
    tx.later(_END_ALL, user_id=user_id)


def _asked(row: Challenge, purpose: Purpose) -> Asked:
    holds = orjson.loads(unseal(row.sealed, purpose)) if row.sealed else {}
    return Asked(row.user_id, holds, row.failures, row.token_hash)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
