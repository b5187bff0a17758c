"""Rows that are there or not: who likes what, who follows whom. Adding one twice changes nothing, nor does removing."""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from core.transactions import Transaction
from models.base import Base


async def add(tx: Transaction, model: type[Base], **pair: int) -> bool:
    """Whether it wasn't there before."""
    return bool(await tx.rows(_add(model, tuple(pair)), **pair))


async def remove(tx: Transaction, model: type[Base], **pair: int) -> bool:
    """Whether it was there before."""
    return bool(await tx.rows(_remove(model, tuple(pair)), **pair))


@cache
def _add(model: type[Base], names: tuple[str, ...]) -> Any:
    new = insert(model).values({name: bindparam(name) for name in names})
    return new.on_conflict_do_nothing().returning(getattr(model, names[0]))


@cache
def _remove(model: type[Base], names: tuple[str, ...]) -> Any:
    columns = [getattr(model, name) for name in names]
    return (
        delete(model)
        .where(*(column == bindparam(column.key, type_=BigInteger) for column in columns))
        .returning(columns[0])
    )
