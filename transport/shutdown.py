"""How a process ends that was asked to, with SIGTERM: in order, while it goes on answering.

At once, `/readyz` says 503 and no further live connections are taken; those that there are end in slices. Only then
does the server hear of the signal: it takes no more requests, finishes those that it has, and exits.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any


class Shutdown:
    """Stands between the signal and the server."""

    def __init__(self, drain: Callable[[], Awaitable[None]]) -> None:
        """Await `drain` first."""
        self.has_begun = False
        self._drain = drain
        self._task: asyncio.Task[None] | None = None
        self._server: Any = signal.SIG_DFL

    def prepare(self) -> None:
        """Take the signal from a server that handles it; a second one reaches the server at once."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._server = signal.getsignal(signal.SIGTERM)
        loop = asyncio.get_running_loop()

        def hear(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._begin, number, frame)

        if callable(self._server):
            signal.signal(signal.SIGTERM, hear)

    def _begin(self, number: int, frame: FrameType | None) -> None:
        if self.has_begun:
            self._server(number, frame)
            return
        self.has_begun = True
        self._task = asyncio.get_running_loop().create_task(self._end(number, frame))

    async def _end(self, number: int, frame: FrameType | None) -> None:
        try:
            await self._drain()
        finally:
            self._server(number, frame)
