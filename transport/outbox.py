"""What waits to be sent on one connection: little, and not for long."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

MESSAGES = 256
BYTES = 1024 * 1024


class Outbox:
    """Sends texts in their order, by a task that is there only while something waits."""

    __slots__ = ("_bytes", "_closed", "_send", "_slow", "_texts", "_waiting", "_within", "_writer")

    def __init__(self, send: Callable[[str], Awaitable[None]], *, within: float, too_slow: Callable[[], None]) -> None:
        """Send with `send`; call `too_slow` when a text has waited for so many seconds on a client that takes none."""
        self._send, self._within, self._slow = send, within, too_slow
        self._texts: deque[str] | None = None
        self._bytes = 0
        self._closed = False
        self._writer: asyncio.Task[None] | None = None
        self._waiting: list[Callable[[], None]] = []

    @property
    def depth(self) -> int:
        """How many texts wait."""
        return len(self._texts) if self._texts else 0

    def offer(self, text: str, drained: Callable[[], None]) -> bool:
        """Take a text if there is room; else call `drained` once there is."""
        if self._is_full_for(text):
            self._waiting.append(drained)
            return False
        self.add(text)
        return True

    async def put(self, text: str) -> None:
        """Take a text, having waited until there is room."""
        while self._is_full_for(text):
            room = asyncio.Event()
            self._waiting.append(room.set)
            await room.wait()
        self.add(text)

    def add(self, text: str) -> None:
        """Take a text that has to be sent, whatever waits."""
        if self._closed:
            return
        if self._texts is None:
            self._texts = deque()
        self._texts.append(text)
        self._bytes += len(text)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    def close(self) -> None:
        """Send no more, and drop what waits."""
        self._closed = True
        if self._writer:
            self._writer.cancel()

    def _is_full_for(self, text: str) -> bool:
        if not self._texts or self._closed:
            return False
        return len(self._texts) >= MESSAGES or self._bytes + len(text) > BYTES

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._within) as patience:
                while self._texts:
                    await self._send(self._texts[0])
                    self._bytes -= len(self._texts.popleft())
                    if self._texts:
                        patience.reschedule(loop.time() + self._within)
        except TimeoutError:
            self._slow()
        except (OSError, RuntimeError):
            self._closed = True  # the connection has ended, as whoever reads is told
        finally:
            self._writer, self._texts, self._bytes = None, None, 0
            waiting, self._waiting = self._waiting, []
            for drained in waiting:
                drained()
