"""Running the application under uvicorn: in this process, in several, or in one that follows the source files."""

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.statreload import StatReload

PROJECT = Path(__file__).resolve().parent.parent
GRACE = 8
"""Seconds that requests have for ending when the server stops: more than an answer may take."""
RELOAD_GRACE = 1
GARBAGE = 50_000
"""Objects after which the collector looks for cycles: what few a request leaves isn't worth looking after 700."""
MAX_MESSAGE = 64 * 1024
"""Bytes of the longest WebSocket message that is read."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is started: callers wait in its queue meanwhile. Raises OSError."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=2048)


def serve(factory: str, listener: socket.socket, *, workers: int, reload: bool) -> None:
    """Serve what the factory makes, named `module:function`, until a signal says stop."""
    config = uvicorn.Config(
        factory,
        factory=True,
        workers=workers,
        reload=reload,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http="httptools",
        ws="core.frames:Frames",
        ws_max_size=MAX_MESSAGE,
        ws_ping_timeout=None,  # it would close with 1011, after which clients don't come back
        ws_per_message_deflate=False,  # its windows would be most of a socket's memory
        timeout_graceful_shutdown=RELOAD_GRACE if reload else GRACE,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    if reload:
        Reload(config, target=server.run, sockets=[listener]).run()
    elif workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        server.run(sockets=[listener])


def freeze_heap() -> None:
    """Spare the garbage collector what is there to stay, once an application is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


def end_with_parent() -> None:
    """In a process that `serve` started: stop once its parent has died. Nobody else would, and we hold the port."""
    if parent := multiprocessing.parent_process():
        _end_after(parent.join)  # returns at once: the kernel closes the pipe between us


def end_with_uv() -> None:
    """Under `uv run`: stop once that has died. It passes on every signal but SIGKILL."""
    parent = psutil.Process().parent()
    if parent and parent.name() == "uv":
        _end_after(partial(_wait_for_other_parent, parent.pid))


def _end_after(wait: Callable[[], object]) -> None:
    def end() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20)  # by when it should have gone by itself
        os._exit(1)

    threading.Thread(target=end, name="parent", daemon=True).start()


def _wait_for_other_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.25)


class Reload(StatReload):
    """uvicorn's reloader, looking at the program only: not at .venv, node_modules and the like."""

    def iter_py_files(self) -> Iterator[Path]:
        """The files whose change starts the server anew."""
        yield from PROJECT.glob("*.py")
        for room in PROJECT.glob("*/__init__.py"):
            yield from room.parent.rglob("*.py")
