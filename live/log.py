"""The log: outbox rows in the order of their sequence. PostgreSQL owns it, and all that it is asked is asked here."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, DateTime, bindparam, column, delete, func, select, table, update

from core.database import Database
from models.outbox import OutboxEvent, Stream

SHARD = 0
BATCH = 500
TRIMMED_AT_ONCE = 5_000


class Record(NamedTuple):
    """One event of the log, as it is stored."""

    seq: int
    kind: str
    payload: dict[str, Any]
    at: datetime


class Position(NamedTuple):
    """How far a history has come."""

    history: str
    last_seq: int


class Lag(NamedTuple):
    """What is on its way: events without a number, the age of the oldest, and of the oldest transaction that writes."""

    events: int
    seconds: float
    oldest_writer: float
    last_seq: int


_COLUMNS = (OutboxEvent.seq, OutboxEvent.kind, OutboxEvent.payload, OutboxEvent.created_at)
_POSITION = select(Stream.history, Stream.last_seq).where(Stream.shard == SHARD)
_OLDEST = select(func.min(OutboxEvent.seq))
_AFTER = (
    select(*_COLUMNS)
    .where(OutboxEvent.seq > bindparam("after", type_=BigInteger))
    .order_by(OutboxEvent.seq)
    .limit(BATCH)
)
_age = func.extract("epoch", func.clock_timestamp() - func.min(OutboxEvent.created_at))
_LAG = select(func.count().label("events"), _age.label("seconds")).where(OutboxEvent.seq.is_(None))
_activity = table("pg_stat_activity", column("xact_start"), column("backend_xid"), column("datname"))
_duration = func.extract("epoch", func.clock_timestamp() - func.min(_activity.c.xact_start))
_OLDEST_WRITER = select(_duration.label("seconds")).where(
    _activity.c.backend_xid.is_not(None), _activity.c.datname == func.current_database()
)
_UNSEQUENCED = select(OutboxEvent.id).where(OutboxEvent.seq.is_(None)).limit(1)
_HELD_STREAM = select(Stream.last_seq).where(Stream.shard == SHARD).with_for_update()
_line = (
    select(OutboxEvent.id, func.row_number().over(order_by=OutboxEvent.id).label("place"))
    .where(OutboxEvent.seq.is_(None))
    .order_by(OutboxEvent.id)
    .limit(BATCH)
    .cte("line")
)
_SEQUENCE = (
    update(OutboxEvent)
    .where(OutboxEvent.id == _line.c.id)
    .values(seq=bindparam("last", type_=BigInteger) + _line.c.place)
    .returning(*_COLUMNS)
)
_ADVANCE = (
    update(Stream).where(Stream.shard == SHARD).values(last_seq=Stream.last_seq + bindparam("number", type_=BigInteger))
)
_FIRST_SINCE = select(func.min(OutboxEvent.seq)).where(
    OutboxEvent.created_at >= bindparam("since", type_=DateTime(timezone=True))
)
_TRIM = (
    delete(OutboxEvent)
    .where(
        OutboxEvent.seq.in_(
            select(OutboxEvent.seq)
            .where(OutboxEvent.seq < bindparam("end", type_=BigInteger))
            .order_by(OutboxEvent.seq)
            .limit(TRIMMED_AT_ONCE)
        )
    )
    .returning(OutboxEvent.seq)
)


async def position(db: Database) -> Position:
    """Where the log ends now. Raises Unavailable."""
    row = (await db.read(_POSITION))[0]
    return Position(row.history, row.last_seq)


async def oldest(db: Database) -> int | None:
    """The first event that is still kept; None when none is. Raises Unavailable."""
    seq: int | None = (await db.read(_OLDEST))[0][0]
    return seq


async def after(db: Database, seq: int) -> list[Record]:
    """Up to `BATCH` events after `seq`. Raises Unavailable."""
    return [Record._make(row) for row in await db.read(_AFTER, after=seq)]


async def lag(db: Database) -> Lag:
    """How far the relay is behind what is committed, and what may still be committed late. Raises Unavailable."""
    waiting, writing = (await db.read(_LAG))[0], (await db.read(_OLDEST_WRITER))[0]
    return Lag(waiting.events, float(waiting.seconds or 0), float(writing.seconds or 0), (await position(db)).last_seq)


async def is_behind(db: Database) -> bool:
    """Whether there are events without a number. Raises Unavailable."""
    return bool(await db.read(_UNSEQUENCED))


async def sequence(db: Database) -> Sequence[Record]:
    """Give up to `BATCH` events their numbers, dense and in commit order. Raises Unavailable.

    Numbers are given to what is committed, and once: a transaction that commits late is numbered late, and no reader
    passes it by. Of events that are numbered together, one that knew of another was written after it: ids order them.

    The stream's row is locked by a statement of its own: whoever had to wait for it, such as a relay that was stopped
    and revived, must then see with a new snapshot what the other one numbered.
    """
    async with db.write() as tx:
        [stream] = await tx.rows(_HELD_STREAM)
        rows = await tx.rows(_SEQUENCE, last=stream.last_seq)
        tx.later(_ADVANCE, number=len(rows))
    return sorted((Record._make(row) for row in rows), key=lambda record: record.seq)


async def trim(db: Database, *, hours: float, events: int) -> bool:
    """Delete some of what is older, or further back, than is kept; whether there may be more. Raises Unavailable.

    Only ever from the beginning, so that what is left has no holes, and little at a time: a long transaction would keep
    others waiting.
    """
    last_seq = (await position(db)).last_seq
    first_since = (await db.read(_FIRST_SINCE, since=datetime.now(UTC) - timedelta(hours=hours)))[0][0]
    end = max(first_since or last_seq + 1, last_seq - events + 1)
    async with db.write() as tx:
        trimmed = await tx.rows(_TRIM, end=end)
    return len(trimmed) == TRIMMED_AT_ONCE
