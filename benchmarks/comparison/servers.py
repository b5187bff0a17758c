"""The servers: Starling as it ships and the rivals, each a process on a core of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.comparison.database import RIVALS, ROLE
from benchmarks.comparison.packages import NODE

PROJECT = Path(__file__).parent.parent.parent
POOL_SIZE = 10
READY = 30
"""Seconds."""
SECRET = "a-secret-of-the-benchmarks-that-is-long-enough"  # noqa: S105
UNLIMITED = {
    "STARLING_RATE_BURST": "1000000000",
    "STARLING_RATE_PER_SECOND": "1000000000",
    "STARLING_WRITE_BURST": "1000000000",
    "STARLING_WRITE_PER_SECOND": "1000000000",
    "STARLING_ATTEMPTS": "1000000",
    "STARLING_DATABASE_POOL_TIMEOUT": "5",
}
"""Counting goes on, but nobody is refused."""
STARLING, MERCURIUS, POSTGRAPHILE, APOLLO, STRAWBERRY = SERVERS = (
    "starling",
    "mercurius",
    "postgraphile",
    "apollo",
    "strawberry",
)

TITLES = {
    STARLING: "Starling",
    MERCURIUS: "Mercurius JIT",
    POSTGRAPHILE: "PostGraphile",
    APOLLO: "Apollo Server",
    STRAWBERRY: "Strawberry + ORM",
}


@dataclass(frozen=True)
class Core:
    """Which core a process may use; None where the system can't be told."""

    number: int | None

    def take(self) -> None:
        """Stay on it, with all that is started from now on."""
        if self.number is not None:
            os.sched_setaffinity(0, {self.number})


class Server:
    """A process that answers at `url`."""

    def __init__(self, name: str, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.url, self.log = name, url, log
        self._popen = process
        self._process = psutil.Process(process.pid)

    @property
    def runs(self) -> bool:
        """Whether it hasn't ended."""
        return self._popen.poll() is None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", errors="replace")[-3_000:]

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has used, with its children."""
        times = [each.cpu_times() for each in self._tree()]
        return sum(each.user + each.system for each in times)

    @property
    def memory(self) -> int:
        """Bytes of memory that it holds, with its children."""
        return sum(each.memory_info().rss for each in self._tree())

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it do nothing meanwhile."""
        self._popen.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._popen.send_signal(signal.SIGCONT)

    def _tree(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


@dataclass(frozen=True)
class Place:
    """What all servers are given."""

    database_url: str
    redis_url: str
    folder: Path
    """Of logs, and of the statements for those who write SQL by hand."""
    core: Core


@contextmanager
def serving(names: Sequence[str], place: Place) -> Iterator[list[Server]]:
    """The servers, until the block ends."""
    with ExitStack() as stack:
        started = [_start(stack, name, place) for name in names]
        for server in started:
            _wait(server)
        yield started


def _start(stack: ExitStack, name: str, place: Place) -> Server:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command, environment = _command(name, port, place)
    log = place.folder / f"{name}.log"
    output = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        env=os.environ | environment,
        stdout=output,
        stderr=output,
        preexec_fn=place.core.take,
    )
    stack.callback(_stop, process)
    return Server(name, f"http://127.0.0.1:{port}/graphql", process, log)


def _command(name: str, port: int, place: Place) -> tuple[list[str], dict[str, str]]:
    database = {"DATABASE_URL": place.database_url}
    if name == STARLING:
        safe = {
            "STARLING_ENV": "production",
            "STARLING_SECRET": SECRET,
            "STARLING_PUBLIC_URL": "https://starling.example",
            "STARLING_SMTP_URL": "smtp://mail.example",
            "STARLING_MAIL_FROM": "starling@mail.example",
        }
        settings = safe | {"REDIS_URL": place.redis_url}
        return [sys.executable, "server.py", "--port", str(port)], database | settings | UNLIMITED
    told = database | {"PORT": str(port), "SECRET": SECRET, "POOL_SIZE": str(POOL_SIZE)}
    if name == STRAWBERRY:
        application = ["benchmarks.rivals.strawberry_orm.app:app", "--port", str(port), "--no-access-log"]
        return [sys.executable, "-m", "uvicorn", *application], told
    node = {
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "STATEMENTS": str(place.folder / "statements.json"),
        "ROLE": ROLE,
    }
    return [str(NODE), str(RIVALS / f"{name}.js")], told | node


def _wait(server: Server) -> None:
    deadline = time.monotonic() + READY
    address = urlsplit(server.url)
    while time.monotonic() < deadline and server.runs:
        with suppress(OSError), socket.create_connection((address.hostname or "", address.port or 0), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.name} doesn't serve:\n{server.last_words}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
