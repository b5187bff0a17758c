"""PostgreSQL and Redis of our own, to be killed, stopped, and started again whenever a fault says so."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psycopg
import redis

from core import embedded, migrations, supervisor
from core.engine_files import Place, private_directory
from tests.waiting import until

DATABASE = "starling"


class Engines:
    """Both, safe from crashes as production's are, in a data directory of their own."""

    def __init__(self, place: Place) -> None:
        self._place = place
        private_directory(place.run)
        with self._output():
            self._redis = supervisor.valkey(place)
            self._postgres = supervisor.postgres(place, fast=False)
        found = embedded.Engines(place.run)
        self.database_url, self.redis_url = found.database(DATABASE), found.redis_url
        self._maintenance_url = found.database("postgres")

    @classmethod
    @asynccontextmanager
    async def started(cls) -> AsyncIterator["Engines"]:
        """Engines with a migrated, empty database, for as long as the block runs."""
        place = Place(Path(tempfile.mkdtemp(prefix="starling-chaos-")))
        place.data.chmod(0o711)  # root's engines run as nobody
        engines = cls(place)
        try:
            await engines._prepare()
            yield engines
        finally:
            for engine in (engines._redis, engines._postgres):
                engine.stop()
                engine.wait()
            shutil.rmtree(place.data, ignore_errors=True)

    async def kill_redis(self) -> None:
        """SIGKILL: all that Redis knew is gone."""
        with redis.Redis.from_url(self.redis_url) as client:
            os.kill(client.info("server")["process_id"], signal.SIGKILL)
        self._redis.wait()

    async def start_redis(self) -> None:
        """An empty Redis, unless there is one; returns when it answers."""
        with self._output():
            self._redis.keep()
        await until(self.redis_answers)

    def redis_answers(self) -> bool:
        """Whether Redis is there."""
        with suppress(redis.RedisError), redis.Redis.from_url(self.redis_url) as client:
            return bool(client.ping())
        return False

    async def stop_postgres(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """By default at once: no checkpoint, and sessions cut off wherever they are (`pg_ctl stop -m immediate`)."""
        os.kill(int((self._place.cluster / "postmaster.pid").read_text().split()[0]), how)
        await asyncio.to_thread(self._postgres.wait)

    async def start_postgres(self) -> None:
        """The database, recovered from its log; returns when it accepts connections."""
        with self._output():
            self._postgres.keep()
        await until(self.postgres_answers)

    def postgres_answers(self) -> bool:
        """Whether PostgreSQL accepts connections."""
        with suppress(psycopg.OperationalError), psycopg.connect(self._maintenance_url):
            return True
        return False

    def connect(self, **options: str) -> psycopg.Connection:
        """A connection of the checker's own."""
        return psycopg.connect(self.database_url, autocommit=True, **options)

    async def _prepare(self) -> None:
        await until(self.postgres_answers)
        with psycopg.connect(self._maintenance_url, autocommit=True) as connection:
            # Counts statements; is loaded at the start only.
            connection.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
            connection.execute(f"create database {DATABASE}")
        await self.stop_postgres(signal.SIGINT)
        await self.start_postgres()
        migrations.upgrade(self.database_url)
        with self.connect() as connection:
            connection.execute("create extension pg_stat_statements")

    @contextmanager
    def _output(self) -> Iterator[None]:
        """What is started meanwhile writes to the engines' log."""
        ours = [os.dup(stream) for stream in (1, 2)]
        with self._place.log.open("ab") as log:
            for stream in (1, 2):
                os.dup2(log.fileno(), stream)
        try:
            yield
        finally:
            for stream, kept in zip((1, 2), ours, strict=True):
                os.dup2(kept, stream)
                os.close(kept)
