"""Questions of many that come together, asked together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """Asks for all who came within `every` seconds. Whoever comes first doesn't wait; those who follow go together."""

    def __init__(self, ask: Callable[[list[K]], Awaitable[V]], *, every: float = 0.1) -> None:
        self._ask, self._every = ask, every
        self._asking: asyncio.Task[V] | None = None
        self._keys: dict[K, None] = {}
        self._next_at = 0.0

    async def about(self, key: K) -> V:
        """The answer about all, the key among them. Raises what `ask` does."""
        self._keys[key] = None
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_for_all())
        return await asyncio.shield(self._asking)

    async def _ask_for_all(self) -> V:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._next_at - loop.time())
        self._next_at = loop.time() + self._every
        keys, self._keys, self._asking = list(self._keys), {}, None
        return await self._ask(keys)
