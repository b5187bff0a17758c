"""How what must never stop goes on: retries quietly, with one line in the log per outage."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Never, TypeVar

from core.errors import Unavailable

logger = logging.getLogger("starling.live")

T = TypeVar("T")
RESTART_AFTER = 0.5
RETRY = 0.2
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


async def until_available(work: Callable[[], Awaitable[T]]) -> T:
    """What can be had once the database is back."""
    while True:
        try:
            return await work()
        except Unavailable:
            await asyncio.sleep(RETRY)


async def stop(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended: redis-py loses a cancellation that meets a connection which closes.

    Whoever is cancelled meanwhile sees it through: what they leave would never end.
    """
    pending, cancelled = set(tasks), False
    while pending:
        for task in pending:
            task.cancel()
        try:
            await asyncio.wait(pending, timeout=ASK_AGAIN_AFTER)
        except asyncio.CancelledError:
            cancelled = True
        pending = {task for task in pending if not task.done()}
    if cancelled:
        raise asyncio.CancelledError


class Chore:
    """Work that is done when there is some, by one task at a time, which ends with it."""

    def __init__(self, work: Callable[[], Awaitable[object]]) -> None:
        self._work = work
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """See to it, unless somebody does already: `work` goes on for as long as there is something to do."""
        if self.task is None:
            self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._work()
        except Exception:
            logger.exception("%s failed, and starts again", getattr(self._work, "__qualname__", "A chore"))
            asyncio.get_running_loop().call_later(RESTART_AFTER, self.begin)
        finally:
            self.task = None


class Pacer:
    """Lets something happen soon, but not more often than every so many seconds."""

    def __init__(self, every: float, begin: Callable[[], None]) -> None:
        self._every, self._begin = every, begin
        self._last = -every
        self._timer: asyncio.TimerHandle | None = None
        self._due = False

    def request(self) -> None:
        """It is wanted: `begin` is called when it is due."""
        if self._due or self._timer:
            return
        wait = self._last + self._every - time.monotonic()
        if wait <= 0:
            self._come()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, self._come)

    def take(self) -> bool:
        """Whether it is due; it is done now, then."""
        due, self._due = self._due, False
        if due:
            self._last = time.monotonic()
        return due

    def cancel(self) -> None:
        """It isn't wanted any more."""
        if self._timer:
            self._timer.cancel()

    def _come(self) -> None:
        self._timer, self._due = None, True
        self._begin()
