"""How much a caller may spend: a token bucket each, in Redis, and in this process for as long as Redis is away."""

import asyncio
import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from redis.asyncio import Redis

from core.errors import RateLimited
from core.redis import AWAY

SPEND = """
local burst, per_second, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
level = math.min(burst, level + math.max(0, now - at) * per_second)
local allowed = cost <= level
if allowed then level = level - cost end
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - level) / per_second * 1000) + 1000)
return {allowed and 1 or 0, string.format('%.6f', level)}
"""
"""Refill by the time passed, and take the cost if it is there. A bucket that would be full again is forgotten."""

PATIENCE = 0.25
"""Seconds that a request waits for Redis."""
RETRY_SECONDS = 1.0
"""How long Redis is left alone after it failed, so that an outage doesn't cost every request a timeout."""
BUCKETS = 10_000
"""How many of its own buckets a process remembers during an outage."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller has left."""

    limit: int
    remaining: int
    reset_after_seconds: int
    """Until the bucket is full again."""
    retry_after_seconds: int
    """Until the cost asked for is there; 0 if it was."""
    allowed: bool


class Limiter:
    """Charges buckets, named after what is spent and by whom."""

    def __init__(self, redis: Redis) -> None:
        self._spend = redis.register_script(SPEND)
        self._away_until = 0.0
        self._own: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def charge(self, bucket: str, key: str, cost: int, *, burst: int, per_second: float) -> Allowance:
        """Take `cost` from the key's bucket, or nothing if there isn't as much. Never fails."""
        name = f"starling:limit:{bucket}:{key}"
        allowed, level = await self._charge(name, cost, burst, per_second)
        return Allowance(
            limit=burst,
            remaining=math.floor(level),
            reset_after_seconds=math.ceil((burst - level) / per_second),
            retry_after_seconds=0 if allowed else math.ceil((min(cost, burst) - level) / per_second) or 1,
            allowed=allowed,
        )

    async def require(self, bucket: str, key: str, cost: int, *, burst: int, per_second: float) -> Allowance:
        """Take `cost` from the key's bucket. Raises RateLimited."""
        allowance = await self.charge(bucket, key, cost, burst=burst, per_second=per_second)
        if not allowance.allowed:
            raise RateLimited(allowance.retry_after_seconds)
        return allowance

    async def _charge(self, name: str, cost: int, burst: int, per_second: float) -> tuple[bool, float]:
        now = time.monotonic()
        if now >= self._away_until:
            if self._away_until:
                self._away_until = now + RETRY_SECONDS  # one request tries again, and the others don't wait for it
            try:
                async with asyncio.timeout(PATIENCE):
                    allowed, level = await self._spend(keys=[name], args=[burst, per_second, cost])
            except AWAY:
                self._away_until = time.monotonic() + RETRY_SECONDS
            else:
                self._away_until = 0.0
                return bool(allowed), float(level)
        return self._charge_own(name, cost, burst, per_second)

    def _charge_own(self, name: str, cost: int, burst: int, per_second: float) -> tuple[bool, float]:
        now = time.monotonic()
        level, at = self._own.pop(name, (float(burst), now))
        level = min(burst, level + (now - at) * per_second)
        allowed = cost <= level
        if allowed:
            level -= cost
        self._own[name] = level, now
        if len(self._own) > BUCKETS:
            self._own.popitem(last=False)
        return allowed, level
