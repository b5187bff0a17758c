"""Real engines for every test: one PostgreSQL and one Valkey for the whole run, a database of its own for each worker.

`DATABASE_URL` and `REDIS_URL` point the run at other servers; then nothing is embedded.
"""

import gc
import hashlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from argon2 import PasswordHasher
from psycopg import sql
from sqlalchemy import func, literal, select, union_all
from starlette.applications import Starlette

from auth import captcha, passwords
from auth.tokens import Tokens
from core import migrations
from core.database import Database
from core.limits import Limiter
from core.reads import Reads
from core.redis import connect
from core.settings import Settings, settings
from jobs import worker
from jobs.parts import Parts
from models.base import Base
from tests.api import Api, Rows, Statements, Work
from tests.second_opinion import SecondOpinion
from tests.serving import Server, serving
from transport import application
from transport.operations import Operations

PROJECT = Path(__file__).parent.parent
TEMPLATE_LOCK = 7303
POOL = 5 if os.environ.get("DATABASE_URL") else 10
"""Connections of each kind that the tests' application has: a server of one's own often takes a hundred in all."""

logging.getLogger("httpx2").setLevel(logging.WARNING)  # the tests' own client isn't what they look at


@pytest.fixture(scope="session")
def servers() -> tuple[str, str]:
    """The URLs of the maintenance database and of Redis."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if not (database_url and redis_url):
        from core.embedded import engines

        name = f"starling-tests-{os.geteuid()}-{hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]}"
        started = engines(Path(tempfile.gettempdir()) / name, fast=True)
        database_url = database_url or started.database_url
        redis_url = redis_url or started.redis_url
    return database_url, redis_url


@pytest.fixture(scope="session")
def worker_number(worker_id: str) -> int:
    """Which of xdist's workers this is, from 1; 0 without xdist."""
    return int(worker_id.removeprefix("gw")) + 1 if worker_id != "master" else 0


@pytest.fixture(scope="session")
def template(servers: tuple[str, str]) -> str:
    """The name of a migrated database to clone, made anew for each role and whenever a migration changed."""
    maintenance, _ = servers
    versions = sorted((PROJECT / "migrations/versions").glob("*.py"))
    digest = hashlib.sha256(b"".join(version.read_bytes() for version in versions))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        digest.update(connection.info.user.encode())  # another role's template can't be copied
        name = f"starling_template_{digest.hexdigest()[:12]}"
        connection.execute("select pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            unfinished = f"{name}_unfinished"
            drop_database(connection, unfinished)
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(unfinished)))
            migrations.upgrade(database_at(maintenance, unfinished))
            rename = sql.SQL("alter database {} rename to {}")
            connection.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))
    return name


@pytest.fixture(scope="session")
def database_url(servers: tuple[str, str], template: str, worker_number: int) -> Iterator[str]:
    """This worker's own database: migrated, empty, and a history of its own."""
    maintenance, _ = servers
    name = f"starling_test_{os.getpid()}_{worker_number}"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        clone_database(connection, template, name)
        yield database_at(maintenance, name)
        drop_database(connection, name)


@pytest.fixture(scope="session")
def demo_server(
    servers: tuple[str, str],
    template: str,
    redis_url: str,
    worker_number: int,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A real server with the demo world, in a database of its own; it builds the explorer if a browser will look."""
    maintenance, _ = servers
    name = f"starling_demo_{os.getpid()}_{worker_number}"
    browsers = any(item.get_closest_marker("browser") for item in request.session.items)
    log = tmp_path_factory.mktemp("server") / "log"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        clone_database(connection, template, name)
        url = database_at(maintenance, name)
        with serving(url, redis_url, log, STARLING_BUILD_EXPLORER=str(browsers).lower()) as server:
            yield server
        drop_database(connection, name)


@pytest.fixture
def server(demo_server: Server) -> Iterator[str]:
    """The real server's base URL; a failing test shows what the server said meanwhile."""
    said = demo_server.log.stat().st_size
    yield demo_server.url
    sys.stderr.write(demo_server.log.read_bytes()[said:].decode("utf-8", "replace"))


@pytest.fixture(scope="session")
def redis_url(servers: tuple[str, str], worker_number: int) -> str:
    """This worker's own Redis database, in which nothing is held against anybody that an earlier run counted."""
    parts, number = urlsplit(servers[1]), worker_number % 16
    is_file = parts.scheme == "unix"
    url = f"unix://{parts.path}?db={number}" if is_file else urlunsplit(parts._replace(path=f"/{number}"))
    with redis.Redis.from_url(url) as client:
        for counted in ("starling:attempts:*", "starling:limit:*"):
            for key in client.scan_iter(counted, count=1000):
                client.unlink(key)
    return url


@pytest.fixture(scope="session")
async def db(database_url: str) -> AsyncIterator[Database]:
    """The database, as loaders and the domain use it."""
    database = Database(database_url, pool_size=POOL)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def app(database_url: str, redis_url: str) -> AsyncIterator[Starlette]:
    """The whole application, started."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DATABASE_URL", database_url)
    patch.setenv("REDIS_URL", redis_url)
    patch.setenv("STARLING_BUILD_EXPLORER", "false")
    patch.setenv("STARLING_WORKER", "false")
    patch.setenv("STARLING_DATABASE_POOL_SIZE", str(POOL))
    patch.setenv("STARLING_DATABASE_POOL_TIMEOUT", "5")  # the machine may be busy with other tests
    for module in ("application", "operations"):
        patch.setattr(f"transport.{module}.DEADLINE", 30.0)
    for generous in ("RATE_BURST", "WRITE_BURST", "ATTEMPTS"):
        patch.setenv(f"STARLING_{generous}", "1000000")
    settings.cache_clear()
    from server import create_app

    application = create_app()
    async with application.router.lifespan_context(application):
        yield application
    patch.undo()
    settings.cache_clear()


@pytest.fixture(scope="session")
async def api(app: Starlette) -> AsyncIterator[Api]:
    """Operations against the whole application, from HTTP to the database."""
    async with Api.of(app) as client:
        yield client


@pytest.fixture
async def limiter(redis_url: str) -> AsyncIterator[Limiter]:
    """The limits of a process that knows of nobody yet."""
    async with connect(redis_url) as redis:
        yield Limiter(redis)


@pytest.fixture
def verifier(db: Database, limiter: Limiter) -> Tokens:
    """What verifies the tokens of such a process."""
    return Tokens(db, limiter)


@pytest.fixture(scope="session")
def rows(db: Database) -> Rows:
    """Counts the rows of every table: what a refusal must leave as it was."""
    tables = Base.metadata.tables
    count = union_all(*(select(literal(name).label("name"), func.count()).select_from(tables[name]) for name in tables))

    async def rows() -> dict[str, int]:
        return dict(await db.read(count))

    return rows


@pytest.fixture
def work(db: Database, database_url: str) -> Work:
    """Do all jobs that are due, as a worker with these settings does."""

    async def work(**given: object) -> None:
        config = Settings(database_url=database_url, **given)
        async with worker.application(database_url).open_async() as queue:
            await worker.run(queue, Parts(db, config), wait=False)

    return work


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts are counted as they are by default, and CAPTCHAs quickly solved."""
    monkeypatch.setattr(settings(), "attempts", 1.0)
    monkeypatch.setattr(captcha, "ITERATIONS", 1)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may be logged as an error, and no traceback, while the test runs."""
    yield
    for record in caplog.get_records("call"):
        assert record.levelno < logging.ERROR, record.getMessage()
        assert not record.exc_info, record.getMessage()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Counts the reads that the database answers, but for those of the relay, which reads all the time."""
    counter = Statements()
    fetch = Reads._fetch

    async def counted(self: Reads, text, values):
        if "outbox" not in text.sql:
            counter.texts.append(text.sql)
        return await fetch(self, text, values)

    monkeypatch.setattr(Reads, "_fetch", counted)
    return counter


@pytest.fixture(scope="session", autouse=True)
def dear() -> Iterator[PasswordHasher]:
    """What hashes passwords in production; a thousand sign-ups of the tests' people are content with less."""
    with pytest.MonkeyPatch.context() as patch:
        hasher = passwords._hasher
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield hasher


@pytest.fixture(scope="session", autouse=True)
def executors() -> Iterator[None]:
    """Applications in this process ask both executors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "Operations", lambda executor, *rest: Operations(SecondOpinion(executor), *rest))
        yield


@pytest.fixture(autouse=True)
def agreement(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both executors agree on every query, and graphql-core is left nothing but introspection to do for plans.

    Where statements are counted, only one of them is asked.
    """
    SecondOpinion.is_asked = "statements" not in request.fixturenames
    yield
    differences, unsupported = list(SecondOpinion.differences), set(SecondOpinion.unsupported)
    SecondOpinion.differences.clear()
    SecondOpinion.unsupported.clear()
    assert not differences
    assert unsupported <= {"introspection"}


@pytest.fixture(scope="session")
def node() -> str:
    """Where Node.js is."""
    found = shutil.which("node")
    if not found:
        pytest.skip("needs Node.js")
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Compile once what workers and servers import, also where Python is to leave nothing beside the sources."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(config.cache.mkdir("bytecode"))
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_xdist_auto_num_workers() -> int:
    """Two for each processor: half of the time, tests wait. One where PostgreSQL may not take as many connections."""
    return (1 if os.environ.get("DATABASE_URL") else 2) * (os.cpu_count() or 1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a group on one worker: pytest-xdist 3.8 names it in `_nodeid`, which pytest 9.2 doesn't read any more."""
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = type(item.id).parse(grouped)


def pytest_collection_finish() -> None:
    """What is there by now stays: garbage isn't looked for in it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that is skipped in CI has failed: nobody would notice that it never runs."""
    return _unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a whole file."""
    return _unskipped((yield))


def _unskipped(report):
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        *_, reason = report.longrepr
        report.outcome, report.longrepr = "failed", f"{reason}. In CI nothing may be skipped."
    return report


def database_at(url: str, name: str) -> str:
    """Another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Drop a database, whoever uses it."""
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def clone_database(connection: psycopg.Connection, template: str, name: str) -> None:
    """A copy of the template, with a live history of its own."""
    drop_database(connection, name)
    create = sql.SQL("create database {} template {} strategy file_copy")
    connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    with psycopg.connect(database_at(_url(connection), name), autocommit=True) as clone:
        clone.execute("update streams set history = left(md5(gen_random_uuid()::text), 8)")


def _url(connection: psycopg.Connection) -> str:
    info = connection.info
    password = f":{info.password}" if info.password else ""
    return f"postgresql://{info.user}{password}@/{info.dbname}?host={info.host}&port={info.port}"
