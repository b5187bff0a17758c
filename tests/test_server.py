"""What `server.py` promises whoever starts and ends it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import server
from core.settings import Settings
from tests.waiting import hold_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]

PROJECT = Path(__file__).parents[1]
ENGINES = ("postgres", "valkey-server")


class Terminal:
    """A shell's worth of servers on one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.servers: list[subprocess.Popen[str]] = []

    def run(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        """Start `server.py` with no settings but these."""
        unset = ("DATABASE_URL", "REDIS_URL", "STARLING_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(unset)}
        bare = {"STARLING_DATA": str(self.data), "STARLING_DEMO": "false", "STARLING_BUILD_EXPLORER": "false"}
        process = subprocess.Popen(
            [sys.executable, "server.py", *options],
            cwd=PROJECT,
            env=inherited | bare | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.servers.append(process)
        return process

    def serve(self, port: int) -> subprocess.Popen[str]:
        """Start it and wait until it answers."""
        process = self.run("--port", str(port))
        hold_until(lambda: healthy(port) or process.poll() is not None, seconds=40)
        assert process.poll() is None, process.communicate()
        return process

    def processes(self, *names: str) -> list[psutil.Process]:
        """The engines and their supervisor."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(self.data) in " ".join(process.cmdline()) and (not names or process.name() in names):
                    found.append(process)
        return found

    def end(self) -> None:
        for process in self.servers:
            process.kill()
            process.communicate()
        hold_until(lambda: not self.processes())


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """On a data directory that isn't there yet, where the engines of root can reach it."""
    parent = Path(tempfile.mkdtemp(prefix="starling-test-")).resolve()
    parent.chmod(0o711)
    terminal = Terminal(parent / "data")
    yield terminal
    terminal.end()
    shutil.rmtree(parent)


@pytest.fixture
def port() -> int:
    return free_port()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def healthy(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
        return response.status == 200
    return False


def is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def test_one_command_serves_and_ctrl_c_ends_everything(terminal: Terminal, port: int) -> None:
    process = terminal.serve(port)
    assert len(terminal.processes(*ENGINES)) == 2

    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}/graphql" in out
    assert "Traceback" not in err
    assert is_free(port)
    hold_until(lambda: not terminal.processes())


def test_ctrl_c_while_it_starts_is_as_quiet(terminal: Terminal, port: int) -> None:
    process = terminal.run("--port", str(port))
    hold_until(terminal.data.exists)

    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    hold_until(lambda: not terminal.processes())


def test_two_servers_share_the_engines_until_both_have_ended(terminal: Terminal, port: int) -> None:
    first = terminal.serve(port)
    engines = {p.pid for p in terminal.processes(*ENGINES)}
    second_port = free_port()
    second = terminal.serve(second_port)

    first.kill()
    first.wait()
    time.sleep(0.5)
    assert healthy(second_port)
    assert {p.pid for p in terminal.processes(*ENGINES)} == engines

    second.terminate()
    assert second.wait(30) == 0
    hold_until(lambda: not terminal.processes())


def test_a_taken_port_is_said_in_one_line_before_anything_starts(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = terminal.run("--port", str(port))
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert err.count("\n") == 1
    assert f"Can't listen on 127.0.0.1, port {port}" in err
    assert not terminal.data.exists()


def test_production_refuses_every_development_default_by_name(terminal: Terminal, port: int) -> None:
    process = terminal.run("--port", str(port), STARLING_ENV="production", STARLING_DEMO="true")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    for name in ("DATABASE_URL", "REDIS_URL", "STARLING_SECRET", "STARLING_DEMO"):
        assert name in err
    assert "Traceback" not in err
    assert not terminal.data.exists()


def test_a_wrong_setting_is_said_by_name(terminal: Terminal) -> None:
    process = terminal.run(STARLING_DATABASE_POOL_SIZE="0")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "STARLING_DATABASE_POOL_SIZE" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("options", [["--workers", "0"], ["--workers", "2", "--reload"], ["--port", "many"]])
def test_impossible_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        server.parse(options)
    assert end.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_engines_of_ones_own_are_left_alone(terminal: Terminal) -> None:
    mine = Settings(database_url="postgresql://mine", redis_url="redis://mine", data=terminal.data)
    assert server.with_engines(mine) is mine
    assert not terminal.data.exists()
