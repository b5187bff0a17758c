"""What a process hears: every event once, in order, from Redis while it has them and from PostgreSQL otherwise."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from core.database import Database
from core.errors import Unavailable
from core.redis import AWAY
from domain import events
from domain.events import Event
from live import log
from live.outage import Outage, logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

BLOCK, PATIENCE = 0.25, 0.5
"""Seconds to wait for Redis before the log is asked too: a stream that stands still looks like one that is quiet."""
HOLIDAY = 1.0
"""Seconds for which a Redis that didn't answer isn't asked again, and the log is polled instead."""
POLL, RETRY = 0.05, 0.2


class Entry(NamedTuple):
    """An event at its place in history. None stands for one of a kind that only a newer version knows."""

    seq: int
    event: Event | None
    at: datetime
    """When the transaction that made it began."""

    @classmethod
    def of(cls, record: log.Record) -> "Entry":
        """The entry of a record of the log."""
        try:
            event = events.parse(record.kind, record.payload)
        except TypeError:
            logger.warning("Event %s of kind %s is not as it should be, and is passed over", record.seq, record.kind)
            event = None
        return cls(record.seq, event, record.at)


class EventStream:
    """The reader of one process."""

    def __init__(self, db: Database, redis: "Redis", stream: str, position: int) -> None:
        self._db, self._redis, self._stream = db, redis, stream
        self._position = position
        self._redis_back_at = 0.0
        self._redis_away = Outage("Redis is away: events are read from the database")
        self._database_away = Outage("The database is away: live updates wait for it")

    async def entries(self) -> AsyncIterator[Entry]:
        """Everything after the position, for ever."""
        while True:
            records = await self._from_redis()
            in_step = records is not None and (not records or records[0].seq == self._position + 1)
            if not (records and in_step):
                records = await self._from_log()
            for record in records:
                self._position = record.seq
                yield Entry.of(record)
            if not (records or in_step):
                await asyncio.sleep(POLL)

    async def _from_redis(self) -> list[log.Record] | None:
        """What the stream has after the position, waiting for it; None while Redis is away."""
        if time.monotonic() < self._redis_back_at:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                found: Any = await self._redis.xread(
                    {self._stream: f"{self._position}-0"}, count=log.BATCH, block=int(BLOCK * 1000)
                )
        except AWAY as error:
            self._redis_away.begin(error)
            self._redis_back_at = time.monotonic() + HOLIDAY
            return None
        self._redis_away.end()
        return [_record(key, fields) for key, fields in found.get(self._stream, ())]

    async def _from_log(self) -> list[log.Record]:
        try:
            records = await log.after(self._db, self._position)
            self._database_away.end()
        except Unavailable as error:
            self._database_away.begin(error)
            await asyncio.sleep(RETRY)
            return []
        return records


def _record(key: str, fields: Mapping[str, str]) -> log.Record:
    at = datetime.fromisoformat(fields["at"])
    return log.Record(int(key.partition("-")[0]), fields["kind"], orjson.loads(fields["payload"]), at)
