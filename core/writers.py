"""Who has changed something lately, remembered in Redis for all processes."""

from math import ceil, inf
from time import monotonic

from redis.asyncio import Redis

from core.redis import AWAY


class Writers:
    """Those who wrote within the last `seconds`; everybody, for as long, once Redis didn't answer."""

    def __init__(self, cache: "Redis", seconds: float) -> None:
        self._cache, self._seconds = cache, seconds
        self._blind_until = -inf

    async def remember(self, writer: int) -> None:
        """From now on. To be awaited before the writer is told that it is done."""
        try:
            await self._cache.set(_key(writer), 1, px=ceil(self._seconds * 1000))
        except AWAY:
            self._go_blind()

    async def include(self, reader: int) -> bool:
        """Whether this person wrote lately, or may have."""
        if monotonic() < self._blind_until:
            return True
        try:
            return bool(await self._cache.exists(_key(reader)))
        except AWAY:
            self._go_blind()
            return True

    def _go_blind(self) -> None:
        self._blind_until = monotonic() + self._seconds


def _key(person: int) -> str:
    return f"writer:{person}"
