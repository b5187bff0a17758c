"""What is sealed for long, sealed anew after `STARLING_SECRET` was replaced: then nobody needs the one before.

What else is sealed, letters, challenges and jobs, is gone after a day.
"""

from typing import Any, NamedTuple

from sqlalchemy import Executable, LargeBinary, bindparam, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from core.database import Database
from core.sealing import NAME, Unsealable, seal, todays, unseal
from core.transactions import Transaction
from domain import keys, totp
from models.factors import TotpFactor
from models.keys import SigningKey

AT_ONCE = 500


class Table(NamedTuple):
    """Where sealed values are, what for, and what comes before every key."""

    purpose: str
    before: Any
    some: Executable
    keep: Executable


class Resealed(NamedTuple):
    """How many values were sealed anew, and how many no secret opens that is listed."""

    values: int
    lost: int


def _table(key: InstrumentedAttribute[Any], sealed: InstrumentedAttribute[bytes], purpose: str, before: Any) -> Table:
    is_old = func.substr(sealed, 1, NAME) != bindparam("today", type_=LargeBinary)
    after = key > bindparam("after", type_=key.type)
    some = select(key.label("key"), sealed.label("sealed")).where(after, is_old).order_by(key).limit(AT_ONCE)
    keep = update(key.class_).where(key == bindparam("key", type_=key.type)).values(sealed=bindparam("anew"))
    return Table(purpose, before, some.with_for_update(), keep)


_TABLES = (
    _table(SigningKey.kid, SigningKey.sealed, keys.PURPOSE, ""),
    _table(TotpFactor.user_id, TotpFactor.sealed, totp.SEALED_FOR, 0),
)


async def reseal(db: Database) -> Resealed:
    """Seal everything under today's secret, some at a time. Raises Unavailable."""
    seen = lost = 0
    for table in _TABLES:
        after = table.before
        while after is not None:
            async with db.write() as tx:
                rows = await tx.rows(table.some, after=after, today=todays())
                lost += sum(not _reseal(tx, table, row) for row in rows)
            seen += len(rows)
            after = rows[-1].key if rows else None
    return Resealed(seen - lost, lost)


def _reseal(tx: Transaction, table: Table, row: Any) -> bool:
    try:
        plain = unseal(row.sealed, table.purpose)
    except Unsealable:
        return False
    tx.later(table.keep, key=row.key, anew=seal(plain, table.purpose))
    return True
