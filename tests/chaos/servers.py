"""Servers as people start them, each a process on a port of its own, to be killed, stopped and started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

import psutil

from core.settings import settings
from tests.chaos.engines import Engines
from tests.waiting import until

PROJECT = Path(__file__).parents[2]
READY_WITHIN = 60.0
"""Seconds on a busy machine; an idle one needs two."""
STOPS_WITHIN = 20.0
"""Seconds in which a server that was asked to stop has ended."""


class Server:
    """One process; it keeps its port and its log from life to life."""

    def __init__(self, name: str, engines: Engines, log: Path, program: Sequence[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.name, self.log = name, log
        self.url = f"http://127.0.0.1:{self.port}"
        self._program = program
        named = f"{engines.database_url}&application_name={name}"
        self.environment = os.environ | {"DATABASE_URL": named, "REDIS_URL": engines.redis_url}
        self.environment["STARLING_PUBLIC_URL"] = settings().origin  # they take each other's tokens, and ours
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it does."""
        return self._process is not None and self._process.poll() is None

    @property
    def memory(self) -> int:
        """Bytes that it has to itself."""
        return int(psutil.Process(self.pid).memory_info().rss)

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    async def start(self) -> None:
        """Start it unless it runs; returns when it is ready."""
        if not self.runs:
            self._spawn()
        try:
            await until(self.is_ready, READY_WITHIN, every=0.05)
        except TimeoutError as error:
            error.add_note(self.said[-3000:])
            raise

    def _spawn(self) -> None:
        command = [sys.executable, *self._program, "--port", str(self.port)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(command, cwd=PROJECT, env=self.environment, stdout=output, stderr=output)

    async def is_ready(self) -> bool:
        """What a load balancer asks."""
        assert self.runs, self.log.read_text("utf-8")[-3000:]
        return await asyncio.to_thread(self._answers)

    def _answers(self) -> bool:
        with suppress(URLError, OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as response:
            return bool(response.status == 200)
        return False

    def kill(self) -> None:
        """SIGKILL."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    async def stop(self) -> None:
        """SIGTERM, and wait for the end. Raises TimeoutError when it takes longer than it may."""
        if self.runs:
            self.signal(signal.SIGTERM)
            await until(lambda: not self.runs, STOPS_WITHIN)

    def signal(self, number: signal.Signals) -> None:
        """Any other signal."""
        os.kill(self.pid, number)

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text("utf-8", "replace")
