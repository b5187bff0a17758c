"""How what must never stop goes on: retries quietly, with one line in the log per outage."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Never

logger = logging.getLogger("starling.live")

RESTART_AFTER = 0.5
ASK_AGAIN_AFTER = 0.5


class Outage:
    """Tells the log when something goes away and when it is back, and nothing in between."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._since: float | None = None

    def begin(self, error: BaseException) -> None:
        """It failed, for the first time or again."""
        if self._since is None:
            self._since = time.monotonic()
            logger.warning("%s (%s)", self._what, error or type(error).__name__)

    def end(self) -> None:
        """It works."""
        if self._since is not None:
            logger.info("%s: over after %.1f s", self._what, time.monotonic() - self._since)
            self._since = None


async def keep_running(work: Callable[[], Awaitable[object]]) -> Never:
    """Run what should run for ever, again and again whatever happens to it."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("%s failed, and starts again", work.__qualname__)
        await asyncio.sleep(RESTART_AFTER)


async def stop(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended: redis-py loses a cancellation that meets a connection which closes."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_AFTER)
