"""Reads give light rows and survive dead connections; a write is one transaction, and is told of once it is done."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC

import psycopg
import pytest
from sqlalchemy import BigInteger, Integer, any_, bindparam, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from core import database
from core.database import Database
from core.errors import Unavailable
from core.statements import compiled, model_of
from domain import events
from models.posts import Post
from models.users import User

ME = select(func.pg_backend_pid())
BY_HANDLE = select(User).where(User.handle == bindparam("handle"))


@pytest.fixture(params=[True, False], ids=["pipeline", "pool"])
def pipeline(request: pytest.FixtureRequest) -> bool:
    """Both ways to read."""
    return request.param


@pytest.fixture
async def db(database_url: str, pipeline: bool) -> AsyncIterator[Database]:
    """The database, read either way."""
    db = Database(database_url, pipeline=pipeline)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
async def one(database_url: str, pipeline: bool) -> AsyncIterator[Database]:
    """The database through one connection each way."""
    db = Database(database_url, pool_size=1, pipeline=pipeline)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
async def ada(db: Database) -> User:
    async with db.write() as tx:
        return await tx.insert(User, handle=f"row_{time.monotonic_ns()}"[:30], name="Ada")


def kill(database_url: str, *pids: int) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for pid in pids:
            connection.execute("select pg_terminate_backend(%s, 2000)", [pid])


# Reads


async def test_a_row_knows_its_model_and_has_its_columns(db: Database, ada: User):
    [row] = await db.read(BY_HANDLE, handle=ada.handle)
    assert isinstance(row, tuple)
    assert model_of(row) is User is model_of(ada)
    assert (row.id, row.handle, row.name, row.bio) == (ada.id, ada.handle, "Ada", None)
    assert row.created_at == ada.created_at
    assert row.created_at.tzinfo.utcoffset(None) == UTC.utcoffset(None)


async def test_a_row_of_something_else_is_of_no_model(db: Database):
    [row] = await db.read(select(literal(1).label("a"), literal("x").label("b")))
    assert (row.a, row.b, row.model) == (1, "x", None)
    [row] = await db.read(select(Post.id.label("x")).limit(0).union_all(select(literal(7, BigInteger))))
    assert row.x == 7


async def test_a_row_with_more_beside_its_model_has_both(db: Database, ada: User):
    [row] = await db.read(select(literal(5).label("rank"), User).where(User.id == bindparam("id")), id=ada.id)
    assert (row.rank, row.handle) == (5, ada.handle)


@pytest.mark.parametrize("prepare", [True, False])
async def test_parameters_are_bound_and_never_spliced(db: Database, prepare: bool):
    evil = "'; drop table users; --"
    [row] = await db.read(select(bindparam("x", evil)), prepare=prepare, x=evil)
    assert row[0] == evil
    keys = select(func.count()).where(literal(3) == any_(bindparam("keys", type_=ARRAY(Integer))))
    assert (await db.read(keys, prepare=prepare, keys=[1, 2, 3]))[0][0] == 1


async def test_a_statement_is_compiled_once(db: Database):
    await db.read(BY_HANDLE, handle="x")
    before = compiled.cache_info().misses
    for _ in range(3):
        await db.read(BY_HANDLE, handle="y")
    assert compiled.cache_info().misses == before


async def test_a_read_on_a_connection_that_died_is_tried_on_another(one: Database, database_url: str):
    [[first]] = await one.read(ME)
    kill(database_url, first)
    [[second]] = await one.read(ME)
    assert second != first


async def test_a_read_that_kills_its_connections_is_given_up(one: Database):
    with pytest.raises(Unavailable):
        await one.read(select(func.pg_terminate_backend(func.pg_backend_pid())))
    assert await one.read(ME), "the next one is well"


async def test_a_wrong_statement_is_our_fault_and_not_tried_again(db: Database, statements):
    with pytest.raises(psycopg.errors.UndefinedColumn):
        await db.read(select(literal_column("nonsense")))
    assert len(statements) == 1


async def test_a_read_that_takes_too_long_is_stopped_by_the_server(database_url: str, pipeline: bool):
    db = Database(database_url, statement_timeout=0.05, pipeline=pipeline)
    await db.open()
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await db.read(select(func.pg_sleep(10)))
    assert 0.05 <= time.monotonic() - started < 2
    assert await db.read(ME)
    await db.close()


# Writes


class Boom(Exception):
    """Something that a command raises."""


async def test_a_block_that_raises_leaves_nothing(db: Database):
    async def fail() -> None:
        async with db.write() as tx:
            await tx.insert(User, handle="never_was", name="N")
            events.record(tx, events.MadePrivate(1))
            raise Boom

    with pytest.raises(Boom):
        await fail()
    assert await db.read(BY_HANDLE, handle="never_was") == []


async def test_what_is_committed_is_there_when_it_is_told_and_never_told_otherwise(database_url: str):
    db, told = Database(database_url), []
    await db.open()

    def look() -> None:
        with psycopg.connect(database_url) as connection:
            told.append(connection.execute("select count(*) from users where handle like 'told\\_%'").fetchone())

    db.on_events = look

    async def tell() -> None:
        async with db.write() as tx:
            events.record(tx, events.MadePrivate(1))
            await tx.insert(User, handle="told_once", name="N")
            assert len(told) == before

    async with db.write() as tx:
        await tx.insert(User, handle="told_silently", name="N")
    assert told == [], "a change without an event isn't told of"
    before = 0
    await tell()
    assert told == [(2,)]
    before = 1
    with pytest.raises(psycopg.IntegrityError):
        await tell()
    assert told == [(2,)]
    await db.close()


async def test_a_refused_row_is_not_quoted(db: Database):
    async def insert() -> None:
        async with db.write() as tx:
            await tx.insert(User, handle="UPPER_canary", name="canary of a name")

    with pytest.raises(psycopg.IntegrityError) as refused:
        await insert()
    said = str(refused.value).split("DETAIL")[0]
    assert "handle_lower" in said
    assert "canary" not in said


async def test_a_transaction_whose_connection_dies_is_unavailable_and_leaves_nothing(db: Database, database_url: str):
    async def break_off(*then: str) -> None:
        async with db.write() as tx:
            await tx.insert(User, handle="broken_off", name="N")
            kill(database_url, (await tx.first(ME))[0])
            for handle in then:
                await tx.insert(User, handle=handle, name="N")

    with pytest.raises(Unavailable):
        await break_off("broken_off_2")
    with pytest.raises(Unavailable):
        await break_off()
    assert await db.read(BY_HANDLE, handle="broken_off") == []


async def test_a_write_finds_a_fresh_connection_where_one_died_while_idle(one: Database, database_url: str):
    async with one.write() as tx:
        first = (await tx.first(ME))[0]
    kill(database_url, first)
    async with one.write() as tx:
        assert (await tx.first(ME))[0] != first


# What only one may do


async def test_one_at_a_time_holds_a_lock(db: Database):
    order = []

    async def hold(name: str) -> None:
        async with db.exclusively(77) as renew:
            order.append(f"{name} in")
            await renew()
            await asyncio.sleep(0.05)
            order.append(f"{name} out")

    await asyncio.gather(hold("a"), hold("b"))
    assert order in (["a in", "a out", "b in", "b out"], ["b in", "b out", "a in", "a out"])


async def test_a_holder_that_hangs_loses_the_lock_and_is_told(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "LEASE_MS", round(4000 * database.LOCK_POLL))
    taken = []

    async def hang() -> None:
        async with db.exclusively(78) as renew:
            async with asyncio.timeout(5), db.exclusively(78):
                taken.append(True)
            await renew()

    with pytest.raises(Unavailable):
        await hang()
    assert taken
