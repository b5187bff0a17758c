"""How much a caller may spend: a token bucket each, in Redis, and in this process for as long as Redis is away.

Who has plenty left isn't kept waiting: what they spend is counted here, and told to Redis a moment later, a moment's
charges in one. From half a bucket on, Redis is asked before each charge. So several processes together can't give away
more than what they do within `TOLD_WITHIN` seconds of a bucket that was half full.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from redis.asyncio import Redis

from core.backoff import Backoff
from core.errors import RateLimited
from core.patience import Patience

SPEND = """
local burst, per_second, cost, owed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
level = math.max(0, math.min(burst, level + math.max(0, now - at) * per_second) - owed)
local allowed = cost <= level
if allowed then level = level - cost end
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - level) / per_second * 1000) + 1000)
return {allowed and 1 or 0, string.format('%.6f', level)}
"""
"""Refill by the time passed, take what was given away already, and the cost if it is there. A bucket that would be
full again is forgotten."""

TOLD_WITHIN = 0.05
"""Seconds after which Redis hears of what was given away."""
TRUSTED_FOR = 1.0
"""Seconds for which what Redis said last is good enough to go on from."""
BUCKETS = 10_000
"""How many buckets a process remembers."""


class Allowance(NamedTuple):
    """What a caller has left."""

    limit: int
    remaining: int
    reset_after_seconds: int
    """Until the bucket is full again."""
    retry_after_seconds: int
    """Until the cost asked for is there; 0 if it was."""
    allowed: bool


@dataclass(slots=True)
class Bucket:
    """What this process knows of a bucket."""

    name: str
    burst: int
    per_second: float
    level: float
    at: float
    """When the level was that."""
    told_at: float = -math.inf
    """When Redis last said so."""
    owed: int = 0
    """Given away, and not told yet."""

    def refill(self) -> None:
        """Bring the level up to now."""
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.at) * self.per_second)
        self.at = now

    def take(self, cost: int) -> bool:
        """Take the cost if it is there."""
        if cost > self.level:
            return False
        self.level -= cost
        return True

    def has_plenty(self, cost: int) -> bool:
        """Whether the cost can be taken without asking Redis first."""
        return self.at - self.told_at < TRUSTED_FOR and self.level - cost >= self.burst / 2


class Limiter:
    """Charges buckets, named after what is spent and by whom."""

    def __init__(self, redis: Redis) -> None:
        self._spend, self._patience = redis.register_script(SPEND), Patience()
        self.backoff = Backoff(redis, self._patience)
        """For what costs more each time."""
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()

    async def charge(self, bucket: str, key: str, cost: int, *, burst: int, per_second: float) -> Allowance:
        """Take `cost` from the key's bucket, or nothing if there isn't as much. Never fails."""
        own = self._bucket(_name(bucket, key), burst, per_second)
        own.refill()
        if own.has_plenty(cost):
            allowed = own.take(cost)
            self._owe(own, cost)
        else:
            allowed = await self._ask(own, cost)
        return Allowance(
            limit=burst,
            remaining=math.floor(own.level),
            reset_after_seconds=math.ceil((burst - own.level) / per_second),
            retry_after_seconds=0 if allowed else math.ceil((min(cost, burst) - own.level) / per_second) or 1,
            allowed=allowed,
        )

    async def require(self, bucket: str, key: str, cost: int, *, burst: int, per_second: float) -> Allowance:
        """Take `cost` from the key's bucket. Raises RateLimited."""
        allowance = await self.charge(bucket, key, cost, burst=burst, per_second=per_second)
        if not allowance.allowed:
            raise RateLimited(allowance.retry_after_seconds)
        return allowance

    async def is_first(self, bucket: str, name: str, seconds: float) -> bool:
        """Use a name up, for so many seconds at least: a bucket with room for one, asked once. Never fails."""
        used = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        if _name(bucket, used) in self._buckets:
            return False
        return (await self.charge(bucket, used, 1, burst=1, per_second=1 / seconds)).allowed

    def _bucket(self, name: str, burst: int, per_second: float) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(name, burst, per_second, burst, time.monotonic())
            if len(self._buckets) > BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        return bucket

    def _owe(self, bucket: Bucket, cost: int) -> None:
        bucket.owed += cost
        if cost and bucket.owed == cost:
            task = asyncio.create_task(self._tell(bucket))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, bucket: Bucket) -> None:
        await asyncio.sleep(TOLD_WITHIN)
        if bucket.owed:
            await self._ask(bucket, 0)

    async def _ask(self, bucket: Bucket, cost: int) -> bool:
        """Take the cost if Redis says so, or if there is as much here while Redis is away."""
        owed, bucket.owed = bucket.owed, 0
        answer = await self._patience.ask(self._spend, [bucket.name], bucket.burst, bucket.per_second, cost, owed)
        if answer is None:
            return bucket.take(cost)
        allowed, level = answer
        bucket.level, bucket.at = float(level) - bucket.owed, time.monotonic()
        bucket.told_at = bucket.at
        return bool(allowed)


def _name(bucket: str, key: str) -> str:
    return f"starling:limit:{bucket}:{key}"
