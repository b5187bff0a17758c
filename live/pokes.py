"""Wakes the relay right after a commit, in whichever process it runs. A poke that gets lost costs a poll's time."""

import asyncio
from typing import TYPE_CHECKING, Never

from core.redis import AWAY

if TYPE_CHECKING:
    from redis.asyncio import Redis

RETRY = 0.25
DEAF_POLL = 0.05


class Pokes:
    """One process's way to the relay: an event when it runs here, a Redis channel when it doesn't."""

    def __init__(self, redis: "Redis", channel: str) -> None:
        self._redis, self._channel = redis, channel
        self._due = asyncio.Event()
        self._woken = asyncio.Event()
        self._hears = False
        self.relay_is_here = False

    def send(self) -> None:
        """Something was committed. Pokes that come close together become one."""
        (self._woken if self.relay_is_here else self._due).set()

    async def rest(self, seconds: float) -> None:
        """Wait for a poke, but no longer than this; and not long while those of other processes can't be heard."""
        try:
            async with asyncio.timeout(seconds if self._hears else min(seconds, DEAF_POLL)):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def carry(self) -> Never:
        """Carry this process's pokes to the relay of another."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._redis.publish(self._channel, "")
            except AWAY:
                await asyncio.sleep(RETRY)

    async def hear(self) -> Never:
        """Hear the pokes of other processes, while the relay is here."""
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    self._hears = True
                    while True:
                        if await channel.get_message(ignore_subscribe_messages=True, timeout=1.0):
                            self._woken.set()
            except AWAY:
                self._hears = False
                await asyncio.sleep(RETRY)
