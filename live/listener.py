"""One subscriber's place in history."""

import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

from domain.viewer import Viewer

if TYPE_CHECKING:
    from live.channel import Channel
    from live.cohort import Cohort


class Sink(Protocol):
    """Where a subscriber's payloads go: a connection."""

    listener: "Listener | None"
    """The subscriber, as soon as it listens."""

    def send(self, payload: Any) -> bool:
        """Take a payload; False when it is too full for one, and will call the listener's `drained` once it isn't."""

    def end(self) -> None:
        """There is nothing more to come."""


class State(Enum):
    """How a listener stands to the present."""

    NEW = auto()
    IN_STEP = auto()
    """Hears events as they happen."""
    BEHIND = auto()
    """Is told what it missed."""
    STALLED = auto()
    """Has to take first what it was sent; then it is told what it missed."""
    GONE = auto()


class Listener:
    """A subscriber of a channel. It has no task and no queue of its own: the channel knows its place in the log."""

    __slots__ = ("channel", "cohort", "heard_at", "position", "resumed", "sink", "state", "viewer")

    def __init__(
        self, channel: "Channel", cohort: "Cohort", viewer: Viewer, sink: Sink, position: int, *, resumed: bool
    ) -> None:
        self.channel, self.cohort, self.viewer, self.sink = channel, cohort, viewer, sink
        self.position = position
        """Everything up to here was told, or doesn't concern it. In step, the channel may know better."""
        self.state = State.NEW
        self.resumed = resumed
        """Whether counts may have changed that it wasn't told of."""
        self.heard_at = time.monotonic()
        sink.listener = self

    def send(self, payload: Any) -> bool:
        """Hand it a payload; False when it can't take one now."""
        if not self.sink.send(payload):
            return False
        self.heard_at = time.monotonic()
        return True

    def drained(self) -> None:
        """It can take more."""
        if self.state is State.STALLED:
            self.channel.join(self)

    def leave(self) -> None:
        """It wants no more."""
        self.channel.leave(self)
