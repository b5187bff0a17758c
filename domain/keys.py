"""The key pairs that sign tokens: made when first needed, rotated without a token that somebody can't verify."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from joserfc.jwk import ECKey
from sqlalchemy import DateTime, bindparam, func, insert, or_, select, update

from core.database import Database
from core.sealing import Unsealable, seal, unseal
from core.settings import settings
from core.transactions import Transaction
from models.keys import SigningKey

ALGORITHM, CURVE, PURPOSE = "ES256", "P-256", "signing key"
ANNOUNCED = timedelta(minutes=5)
"""How long a new key is published before it signs: processes read keys once a minute, apps keep what they read."""

_ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(7519))
_GOOD = (
    select(SigningKey)
    .where(or_(SigningKey.verifies_until.is_(None), SigningKey.verifies_until > func.now()))
    .order_by(SigningKey.signs_from)
)
_RETIRE = (
    update(SigningKey)
    .where(SigningKey.verifies_until.is_(None))
    .values(verifies_until=bindparam("until", type_=DateTime(timezone=True)))
)
_ADD = insert(SigningKey).values({name: bindparam(name) for name in ("kid", "sealed", "signs_from")})
logger = logging.getLogger("starling.keys")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key that verifies, and perhaps signs."""

    key: ECKey
    kid: str
    signs_from: datetime
    verifies_until: datetime | None


async def ensure(db: Database) -> list[KeyPair]:
    """All keys that verify, by when they sign; the first is made if there is none. Raises Unavailable."""
    found = _opened(await db.read(_GOOD))
    return found or await _first(db)


async def _first(db: Database) -> list[KeyPair]:
    async with db.write() as tx:
        tx.later(_ONE_AT_A_TIME)
        if not (found := _opened(await tx.rows(_GOOD))):
            _add(tx, signs_from=datetime.now(UTC))
            found = _opened(await tx.rows(_GOOD))
    return found


async def rotate(db: Database) -> KeyPair:
    """Let a new key sign soon. The others verify until the last of their tokens has expired. Raises Unavailable."""
    signs_from = datetime.now(UTC) + ANNOUNCED
    async with db.write() as tx:
        tx.later(_ONE_AT_A_TIME)
        last = timedelta(seconds=settings().access_token_seconds)
        tx.later(_RETIRE, until=signs_from + last + ANNOUNCED)  # a process that is late to read keys signs on
        _add(tx, signs_from=signs_from)
        return _opened(await tx.rows(_GOOD))[-1]


def _add(tx: Transaction, signs_from: datetime) -> None:
    key = ECKey.generate_key(CURVE)
    sealed = seal(orjson.dumps(key.as_dict(private=True)), PURPOSE)
    tx.later(_ADD, kid=key.thumbprint(), sealed=sealed, signs_from=signs_from)


def _opened(rows: list[SigningKey]) -> list[KeyPair]:
    pairs = []
    for row in rows:
        try:
            key = ECKey.import_key(orjson.loads(unseal(row.sealed, PURPOSE)))
        except Unsealable as error:
            logger.warning("The signing key %s can't be used. %s", row.kid, error)
        else:
            pairs.append(KeyPair(key, row.kid, row.signs_from, row.verifies_until))
    return pairs
