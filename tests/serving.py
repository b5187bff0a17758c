"""A real server in a process of its own, as people start it."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
READY, ENDED = 60, 20
"""Seconds on a busy machine; an idle one needs 3 with the demo world, and none."""


TOGETHER = {"STARLING_PUBLIC_URL": "https://starling.test"}
"""Settings of servers that are one issuer's, and so take each other's tokens."""


@dataclass(frozen=True)
class Server:
    """Where it is reached, what it works with, and what it has said."""

    url: str
    database_url: str
    redis_url: str
    log: Path
    pid: int


@contextmanager
def serving(database_url: str, redis_url: str, log: Path, *options: str, **settings: str) -> Iterator[Server]:
    """Serve on a free port until the block ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STARLING_")}
    generous = {"STARLING_ATTEMPTS": "1000000", "STARLING_WRITE_BURST": "1000000"}  # all tests come from one address
    environment |= {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **generous, **settings}
    command = [sys.executable, "server.py", "--port", "0", *options]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        yield Server(_ready(process, log), database_url, redis_url, log, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(ENDED)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _ready(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"explorer: (http://\S+)/graphql", log.read_text("utf-8")):
            with suppress(OSError), urllib.request.urlopen(f"{found[1]}/readyz"):  # noqa: S310
                return found[1]
        time.sleep(0.05)
    raise AssertionError(f"The server isn't ready:\n{log.read_text('utf-8')[-5000:]}")
