"""What `serve` promises about its processes, with an application that starts at once."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.waiting import hold_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serving")]

PROJECT = Path(__file__).parents[2]
PROGRAM = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(PROJECT)!r})
from core import serving

serving.PROJECT = Path(__file__).parent

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": b"ok"}})

def worker():
    serving.end_with_parent()
    return app

if __name__ == "__main__":
    serving.end_with_uv()
    port, workers, reload = sys.argv[1:]
    listener = serving.listen("127.0.0.1", int(port))
    serving.serve("program:worker", listener, workers=int(workers), reload=reload == "reload")
"""


class Serving:
    """One server process, with those that it started."""

    def __init__(self, program: Path, *, workers: int = 1, reload: bool = False, uv: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        through = ["uv", "run", "--frozen", "--no-sync", "--project", str(PROJECT)] if uv else [sys.executable]
        self.process = subprocess.Popen(
            [*through, program.name, str(self.port), str(workers), "reload" if reload else "-"], cwd=program.parent
        )
        hold_until(self.healthy)

    def family(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def workers(self) -> set[int]:
        found = set()
        for process in self.family():
            with suppress(psutil.Error):  # a zombie has no command line
                if "multiprocessing.spawn" in " ".join(process.cmdline()):
                    found.add(process.pid)
        return found

    def healthy(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as response:
            return bool(response.status == 200)
        return False

    def port_is_free(self) -> bool:
        with suppress(OSError), socket.create_server(("127.0.0.1", self.port)):
            return True
        return False


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def start(program: Path) -> Iterator[Callable[..., Serving]]:
    started: list[Serving] = []

    def start(**options: object) -> Serving:
        started.append(Serving(program, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for serving in started:
        with suppress(psutil.NoSuchProcess):
            for process in serving.family():
                process.kill()
        serving.process.wait()


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [{"workers": 2}, {"reload": True}], ids=["workers", "reload"])
def test_a_signal_ends_every_process(
    start: Callable[..., Serving], end: signal.Signals, options: dict[str, int]
) -> None:
    serving = start(**options)
    everything = serving.family()

    serving.process.send_signal(end)

    assert serving.process.wait(20) == 0
    hold_until(lambda: not any(map(alive, everything)))
    assert serving.port_is_free()


@pytest.mark.parametrize("options", [{"workers": 2}, {"reload": True}, {"uv": True}], ids=["workers", "reload", "uv"])
def test_a_killed_parent_leaves_nobody_on_the_port(start: Callable[..., Serving], options: dict[str, int]) -> None:
    serving = start(**options)
    everything = serving.family()
    assert len(everything) > 1

    serving.process.kill()

    hold_until(serving.port_is_free)
    hold_until(lambda: not any(map(alive, everything)))


def test_a_killed_worker_is_replaced(start: Callable[..., Serving]) -> None:
    serving = start(workers=2)
    hold_until(lambda: len(serving.workers()) == 2)
    victim = min(serving.workers())

    os.kill(victim, signal.SIGKILL)

    hold_until(lambda: len(serving.workers() - {victim}) == 2)
    hold_until(serving.healthy)


def test_a_changed_file_starts_it_anew(start: Callable[..., Serving], program: Path) -> None:
    serving = start(reload=True)
    before = serving.workers()
    time.sleep(0.6)  # it has to have seen the old time

    program.touch()

    hold_until(lambda: (now := serving.workers()) and not now & before)
    hold_until(serving.healthy)
