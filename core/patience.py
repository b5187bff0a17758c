"""Redis as limits ask it: for a moment, and not at all for a while after it failed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.redis import AWAY

PATIENCE = 0.25
"""Seconds that a request waits for Redis."""
RETRY_SECONDS = 1.0
"""How long Redis is left alone after it failed, so that an outage doesn't cost every request a timeout."""

Script = Callable[[Sequence[str], Sequence[Any]], Awaitable[Any]]
"""A script that is registered with Redis: its keys and arguments."""


class Patience:
    """What a process knows of Redis's absence."""

    def __init__(self) -> None:
        self._away_until = 0.0

    async def ask(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any | None:
        """What the script says; None while Redis is away."""
        now = time.monotonic()
        if now < self._away_until:
            return None
        if self._away_until:
            self._away_until = now + RETRY_SECONDS  # one request tries again, and the others don't wait for it
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await script(keys, arguments)
        except AWAY:
            self._away_until = time.monotonic() + RETRY_SECONDS
            return None
        self._away_until = 0.0
        return answer
