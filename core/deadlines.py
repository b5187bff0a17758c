"""Time limits that cost next to nothing where they hold.

`asyncio.timeout` sets and cancels a timer of the loop for each block, which is dear for a request that needs a tenth of
a millisecond. All blocks under one limit end in the order in which they began, so one timer, for the oldest, is enough.
"""

import asyncio
from types import TracebackType


class Deadline:
    """A limit of so many seconds for each block `with deadline.begin():`, of tasks of one loop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun: dict[Block, None] = {}
        """The blocks that are under way, the oldest first."""
        self._watch: asyncio.TimerHandle | None = None

    def begin(self) -> "Block":
        """A block of the current task. Raises TimeoutError where it takes longer."""
        task = asyncio.current_task()
        assert task
        return Block(self, task)

    def add(self, block: "Block") -> None:
        """Watch over a block."""
        loop = block.task.get_loop()
        block.ends_at = loop.time() + self.seconds
        self._begun[block] = None
        if self._watch is None:
            self._watch = loop.call_at(block.ends_at, self._look, loop)

    def remove(self, block: "Block") -> None:
        """A block has ended. The timer stays: it finds out for itself, and most often another block has begun then."""
        self._begun.pop(block, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch, now = None, loop.time()
        while self._begun:
            oldest = next(iter(self._begun))
            if oldest.ends_at > now:
                self._watch = loop.call_at(oldest.ends_at, self._look, loop)
                return
            del self._begun[oldest]
            oldest.expire()


class Block:
    """What has to end in time."""

    __slots__ = ("_cancelling", "_deadline", "_expired", "ends_at", "task")

    def __init__(self, deadline: Deadline, task: "asyncio.Task[object]") -> None:
        self._deadline, self.task = deadline, task
        self._expired, self._cancelling = False, task.cancelling()
        self.ends_at = 0.0

    def expire(self) -> None:
        """Its time is over: end it where it waits."""
        self._expired = True
        self.task.cancel()

    def __enter__(self) -> None:
        self._deadline.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadline.remove(self)
        if self._expired and self.task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error  # nobody else cancelled it
