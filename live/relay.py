"""The relay: gives events their sequence, and puts them on the stream. One at a time, of all processes.

PostgreSQL owns the sequence, and an advisory lock says who gives it. The Redis stream is a cache of the log's tail: an
append that doesn't follow on what is there is refused, so that not even a revived relay can fork it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Never

import orjson

from core.database import Database
from core.errors import Unavailable
from core.redis import AWAY
from core.settings import settings
from live import log
from live.outage import Outage, keep_running, stop
from live.pokes import Pokes

if TYPE_CHECKING:
    from redis.asyncio import Redis

LOCK = 7302
"""The advisory lock of the relay of shard 0."""
RENEW_EVERY = 0.5
POLL, RETRY = 0.25, 0.2
TRIM_EVERY, TRIM_PAUSE = 3600.0, 0.1
KEPT_ON_STREAM, REFILLED = 20_000, 5_000
REDIS_PATIENCE, REDIS_HOLIDAY = 0.3, 0.5

APPEND = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local last = newest[1] and tonumber(string.match(newest[1][1], '^%d+')) or 0
local seq = tonumber(ARGV[2])
if last > 0 and seq > last + 1 then return last end
for i = 3, #ARGV, 3 do
  if seq > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], seq .. '-0',
      'kind', ARGV[i], 'payload', ARGV[i + 1], 'at', ARGV[i + 2])
    last = seq
  end
  seq = seq + 1
end
return last
"""
"""Append what follows on the stream's newest entry, and say which is the newest now. An empty stream begins anywhere:
its readers know what they are missing by the sequence."""


class Relay:
    """A process's candidate for the office."""

    def __init__(self, db: Database, redis: "Redis", stream: str, pokes: Pokes) -> None:
        self._db, self._redis, self._stream, self._pokes = db, redis, stream, pokes
        self._script = redis.register_script(APPEND)
        self._redis_back_at = 0.0
        self._database_away = Outage("The relay waits for the database")
        self._redis_away = Outage("Redis is away: the relay goes on without it")

    async def run(self) -> Never:
        """Wait to be the relay, and be it until the lock is lost; for ever."""
        while True:
            try:
                async with self._db.exclusively(LOCK) as renew:
                    await self._hold_office(renew)
            except Unavailable as error:
                self._database_away.begin(error)
                await asyncio.sleep(RETRY)

    async def _hold_office(self, renew: Callable[[], Awaitable[None]]) -> None:
        self._pokes.relay_is_here = True
        duties = [asyncio.create_task(keep_running(work)) for work in (self._pokes.hear, self._trim)]
        try:
            await self._relay(renew)
        finally:
            self._pokes.relay_is_here = False
            await stop(duties)

    async def _relay(self, renew: Callable[[], Awaitable[None]]) -> Never:
        renewed = 0.0
        while True:
            if time.monotonic() - renewed > RENEW_EVERY:
                await renew()
                renewed = time.monotonic()
            behind = await log.is_behind(self._db)
            self._database_away.end()
            if behind:
                await self._append(await log.sequence(self._db))
            else:
                await self._pokes.rest(POLL)

    async def _append(self, records: Sequence[log.Record]) -> None:
        """Put them on the stream, and before them whatever it lacks. Without Redis, readers find them in the log."""
        if not records or time.monotonic() < self._redis_back_at:
            return
        newest = records[-1].seq
        try:
            async with asyncio.timeout(REDIS_PATIENCE):
                while (last := await self._offer(records)) < newest:
                    if newest - last > REFILLED:
                        await self._redis.delete(self._stream)
                    else:
                        records = await log.after(self._db, last)
            self._redis_away.end()
        except AWAY as error:
            self._redis_away.begin(error)
            self._redis_back_at = time.monotonic() + REDIS_HOLIDAY

    async def _offer(self, records: Sequence[log.Record]) -> int:
        entries = [
            field for record in records for field in (record.kind, orjson.dumps(record.payload), record.at.isoformat())
        ]
        last: int = await self._script(keys=[self._stream], args=[KEPT_ON_STREAM, records[0].seq, *entries])
        return last

    async def _trim(self) -> None:
        """Forget events that nobody comes back for: who gives the sequence is the one who may cut it."""
        with suppress(Unavailable):
            more = True
            while more:
                more = await log.trim(self._db, hours=settings().live_hours, events=settings().live_events)
                await asyncio.sleep(TRIM_PAUSE)
        await asyncio.sleep(TRIM_EVERY)
