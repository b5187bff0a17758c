"""How a process ends that was asked to: in order, while it goes on answering.

At once, `/readyz` says 503 and no further live connections are taken; those that there are end, in slices. Only then
does the server hear of the signal: it takes no more requests, finishes those that it has, and exits.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any


class Shutdown:
    """Stands between the signals and the server."""

    def __init__(self, drain: Callable[[float], Awaitable[None]], *, within: float) -> None:
        """Await `drain` first, which has so many seconds after SIGTERM and none after SIGINT: that is somebody's."""
        self.has_begun = False
        self._drain = drain
        self._within = {signal.SIGTERM: within, signal.SIGINT: 0.0}
        self._server: dict[int, Any] = {}
        self._task: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Take the signals from a server that handles them; further ones reach it at once."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def hear(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._begin, number, frame)

        for number in self._within:
            handler = signal.getsignal(number)
            if callable(handler) and handler is not signal.default_int_handler:
                self._server[number] = handler
                signal.signal(number, hear)

    def _begin(self, number: int, frame: FrameType | None) -> None:
        if self.has_begun:
            self._server[number](number, frame)
            return
        self.has_begun = True
        self._task = asyncio.get_running_loop().create_task(self._end(number, frame))

    async def _end(self, number: int, frame: FrameType | None) -> None:
        try:
            await self._drain(self._within[signal.Signals(number)])
        finally:
            self._server[number](number, frame)
