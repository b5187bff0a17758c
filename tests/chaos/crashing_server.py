"""`server.py`, but it dies the moment after a commit of its own: before anybody could be told of it."""

import os
import signal

import server
from live.pokes import Pokes


def die(_: Pokes) -> None:
    """In the place of telling the relay."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Pokes.send = die  # type: ignore[method-assign]
    server.main()
