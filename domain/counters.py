"""Counts, changed in the transaction of what they count, without queueing the writers of one hot row.

A row's count is the sum over its slots. A writer takes the first slot that nobody holds (SKIP LOCKED), and opens
another one when all are taken: quiet rows keep one slot, a viral post grows up to `SLOTS`. Slot 0 is opened only by who
changes many rows: those wait for one another, in the order of ids, and nobody else may wait for them.
"""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, SmallInteger, bindparam, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.orm import InstrumentedAttribute, class_mapper

from core.transactions import Transaction
from models.comments import CommentCounter
from models.posts import PostCounter
from models.users import UserCounter

SLOTS = 64
Counter = type[PostCounter] | type[CommentCounter] | type[UserCounter]


def add(tx: Transaction, counter: Counter, owner_id: int, **amounts: int) -> None:
    """Change counts of one row, e.g. `add(tx, PostCounter, post.id, likes=+1)`."""
    tx.later(_add(counter, tuple(amounts)), owner=owner_id, **_parameters(amounts))


def add_to_each(tx: Transaction, counter: Counter, owner_ids: list[int], **amounts: int) -> None:
    """Change counts of many rows by the same amounts, in the order of ids so that such writers can't deadlock."""
    tx.later(_add_to_each(counter, tuple(amounts)), owners=sorted(owner_ids), **_parameters(amounts))


def owner_of(counter: Counter) -> InstrumentedAttribute[int]:
    """The column that says whose counts these are."""
    key: InstrumentedAttribute[int] = getattr(counter, class_mapper(counter).primary_key[0].name)
    return key


def _parameters(amounts: dict[str, int]) -> dict[str, int]:
    return {f"add_{name}": amount for name, amount in amounts.items()}


def _amounts(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: bindparam(f"add_{name}", type_=BigInteger) for name in names}


@cache
def _add(counter: Counter, names: tuple[str, ...]) -> Insert:
    owner, owner_id, amounts = owner_of(counter), bindparam("owner", type_=BigInteger), _amounts(names)
    free = (
        select(counter.slot)
        .where(owner == owner_id)
        .order_by(counter.slot)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    taken = (
        update(counter)
        .where(owner == owner_id, counter.slot == free.c.slot)
        .values({name: getattr(counter, name) + amount for name, amount in amounts.items()})
        .returning(counter.slot)
        .cte("taken")
    )
    slot = cast(1 + func.floor(func.random() * (SLOTS - 1)), SmallInteger)
    return _upsert(counter, amounts, select(owner_id, slot, *amounts.values()).where(~exists(taken.select())))


@cache
def _add_to_each(counter: Counter, names: tuple[str, ...]) -> Insert:
    amounts = _amounts(names)
    owners = func.unnest(bindparam("owners", type_=ARRAY(BigInteger))).column_valued("owners")
    return _upsert(counter, amounts, select(owners, cast(0, SmallInteger), *amounts.values()))


def _upsert(counter: Counter, amounts: dict[str, Any], rows: Any) -> Insert:
    table: Any = counter.__table__
    new = insert(table).from_select([owner_of(counter).key, "slot", *amounts], rows)
    changes = {name: table.c[name] + new.excluded[name] for name in amounts}
    return new.on_conflict_do_update(index_elements=[owner_of(counter).key, "slot"], set_=changes)
