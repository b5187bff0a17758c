"""How long somebody waits who was wrong again: twice as long each time, in Redis, and here while Redis is away.

An attempt counts as wrong when it begins, and is taken back when it turns out right: so many that come at once are as
many as those that come one after another.

What is tried has a count that all share, e.g. an account's, and may have one of the caller's own, e.g. the account's
from this address. The own one is used once the caller was right, or has shown otherwise to be no machine. So nobody's
failures keep out who was there before.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from redis.asyncio import Redis

from core.patience import Patience

FORGOTTEN_AFTER = 3600.0
"""Seconds after the last wait until failures are forgotten."""
KNOWN_FOR = 30 * 24 * 3600.0
"""Seconds for which who was right has a count of their own."""
COUNTS = 10_000
"""How many counts a process remembers."""

TRY = """
local free, asks, first, longest, kept, is_sure = unpack(ARGV)
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local is_own = KEYS[2] and (is_sure == '1' or redis.call('HEXISTS', KEYS[2], 'known') == 1)
local key = is_own and KEYS[2] or KEYS[1]
local count = redis.call('HMGET', key, 'failures', 'wait_until', 'kept_until')
local failures, wait_until = tonumber(count[1]) or 0, tonumber(count[2]) or 0
if (tonumber(count[3]) or 0) < now then failures, wait_until = 0, 0 end
local own = is_own and 1 or 0
if wait_until > now then return {'WAIT', own, string.format('%.3f', wait_until - now)} end
if failures >= tonumber(asks) and is_sure == '0' then return {'ASK', own, '0'} end
failures = failures + 1
local over, wait = failures - tonumber(free), 0
if over >= 0 then wait = math.min(tonumber(longest), tonumber(first) * 2 ^ math.min(over, 30)) end
local kept_until = now + wait + tonumber(kept)
redis.call('HSET', key, 'failures', failures, 'wait_until', string.format('%.6f', now + wait),
  'kept_until', string.format('%.6f', kept_until))
redis.call('PEXPIRE', key, math.max(redis.call('PTTL', key), math.ceil((wait + kept) * 1000)))
return {'GO', own, '0'}
"""
SETTLE = """
local known_for, was_right = unpack(ARGV)
if was_right == '1' then redis.call('HDEL', KEYS[1], 'failures', 'wait_until', 'kept_until')
elseif redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'wait_until', 0)
  if redis.call('HINCRBY', KEYS[1], 'failures', -1) < 0 then redis.call('HSET', KEYS[1], 'failures', 0) end
end
if KEYS[2] and was_right == '1' then
  redis.call('HSET', KEYS[2], 'known', 1)
  redis.call('PEXPIRE', KEYS[2], math.ceil(known_for * 1000))
end
return 1
"""


class Rule(NamedTuple):
    """How patient one is with failures."""

    free: int
    """So many in a row cost nothing."""
    asks: int
    """After so many one must show to be no machine."""
    first: float = 1.0
    """Seconds to wait after the last free one; twice as many after the next."""
    longest: float = 900.0


class Verdict(StrEnum):
    """What becomes of an attempt."""

    GO = "GO"
    WAIT = "WAIT"
    ASK = "ASK"


class Tried(NamedTuple):
    """An attempt that has begun, to be settled unless it was wrong."""

    verdict: Verdict
    wait: float
    """Seconds."""
    key: str
    own: str | None


@dataclass(slots=True)
class Count:
    """What this process knows of somebody's failures."""

    failures: int = 0
    wait_until: float = 0.0
    kept_until: float = 0.0
    known_until: float = 0.0


class Backoff:
    """Counts failures under keys. `shared` and `own` must be kept in one place: give them the same {tag}."""

    def __init__(self, redis: Redis, patience: Patience) -> None:
        self._try, self._settle = redis.register_script(TRY), redis.register_script(SETTLE)
        self._patience = patience
        self._counts: OrderedDict[str, Count] = OrderedDict()

    async def attempt(self, rule: Rule, shared: str, own: str | None = None, *, is_sure: bool = False) -> Tried:
        """Begin an attempt, by somebody who is no machine if `is_sure`. Never fails."""
        keys = [shared, own] if own else [shared]
        answer = await self._patience.ask(self._try, keys, *rule, FORGOTTEN_AFTER, int(is_sure))
        if answer is None:
            return self._attempt(rule, shared, own, is_sure)
        verdict, is_own, wait = answer
        return Tried(Verdict(verdict), float(wait), own if own and is_own else shared, own)

    async def settle(self, tried: Tried, *, was_right: bool) -> None:
        """Forget the failures that count with it, as it was right, and know the caller again; or only this attempt."""
        keys = [tried.key, tried.own] if tried.own else [tried.key]
        if await self._patience.ask(self._settle, keys, KNOWN_FOR, int(was_right)) is None:
            count = self._count(tried.key)
            count.failures, count.wait_until = 0 if was_right else max(0, count.failures - 1), 0.0
            if tried.own and was_right:
                self._count(tried.own).known_until = time.monotonic() + KNOWN_FOR

    def _attempt(self, rule: Rule, shared: str, own: str | None, is_sure: bool) -> Tried:
        """What `TRY` does, by what this process knows."""
        now = time.monotonic()
        key = own if own and (is_sure or self._count(own).known_until > now) else shared
        count = self._count(key)
        if count.kept_until < now:
            count.failures, count.wait_until = 0, 0.0
        if count.wait_until > now:
            return Tried(Verdict.WAIT, count.wait_until - now, key, own)
        if count.failures >= rule.asks and not is_sure:
            return Tried(Verdict.ASK, 0.0, key, own)
        count.failures += 1
        over = count.failures - rule.free
        wait = 0.0 if over < 0 else min(rule.longest, rule.first * 2 ** min(over, 30))
        count.wait_until, count.kept_until = now + wait, now + wait + FORGOTTEN_AFTER
        return Tried(Verdict.GO, 0.0, key, own)

    def _count(self, key: str) -> Count:
        count = self._counts.setdefault(key, Count())
        self._counts.move_to_end(key)
        if len(self._counts) > COUNTS:
            self._counts.popitem(last=False)
        return count
