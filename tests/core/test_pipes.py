"""Reads that share a connection don't notice: not one that fails, is slow, is cancelled, or dies with it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    BigInteger,
    Double,
    Integer,
    Text,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    text,
)

from core import pipe, pipes
from core.database import Database
from core.errors import Unavailable
from tests.core.test_database import kill
from tests.waiting import in_time

ME = select(func.pg_backend_pid())
NUMBER = select(bindparam("x", type_=BigInteger))
SHARE = select(literal(1, Integer) / bindparam("x", type_=Integer))
SLEEP = select(func.pg_sleep(bindparam("seconds", type_=Double)), func.pg_backend_pid())


@pytest.fixture
async def one(database_url: str) -> AsyncIterator[Database]:
    """Everybody on one connection."""
    db = Database(database_url, pool_size=1)
    await db.open()
    await asyncio.gather(db.read(NUMBER, x=0), db.read(SHARE, x=1), db.read(SLEEP, seconds=0), db.read(ME))
    yield db
    await db.close()


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[Database]:
    """Two connections, both open."""
    db = Database(database_url, pool_size=2)
    await db.open()
    await asyncio.gather(*(db.read(SLEEP, seconds=0.02) for _ in range(4)))
    yield db
    await db.close()


def running(database_url: str, like: str = "%pg_sleep%") -> int:
    """How many connections run a statement like this."""
    with psycopg.connect(database_url) as connection:
        active = "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid()"
        [[number]] = connection.execute(
            f"{active} and datname = current_database() and query like %s", [like]
        ).fetchall()
    return int(number)


async def test_a_read_that_fails_takes_no_neighbour_along(one: Database):
    reads = [one.read(NUMBER, x=1), one.read(SHARE, x=0), one.read(NUMBER, x=2), one.read(SHARE, x=1)]
    first, failed, second, third = await asyncio.gather(*reads, return_exceptions=True)
    assert isinstance(failed, psycopg.errors.DivisionByZero)
    assert (first, second, third) == ([(1,)], [(2,)], [(1,)])


@pytest.mark.parametrize("wrong", ["nothing", 2**70, [1], object()])
async def test_a_value_that_a_parameter_cannot_have_is_our_fault_alone(one: Database, wrong: Any):
    good, failed, other = await asyncio.gather(
        one.read(NUMBER, x=1), one.read(NUMBER, x=wrong), one.read(NUMBER, x=2), return_exceptions=True
    )
    assert isinstance(failed, Exception)
    assert not isinstance(failed, Unavailable)
    assert (good, other) == ([(1,)], [(2,)])


async def test_a_statement_that_cannot_be_prepared_fails_all_who_asked_and_nobody_else(one: Database):
    wrong = select(literal_column("nonsense"), bindparam("x", type_=BigInteger))
    *failed, good = await asyncio.gather(
        one.read(wrong, x=1), one.read(wrong, x=2), one.read(NUMBER, x=3), return_exceptions=True
    )
    assert [type(each) for each in failed] == [psycopg.errors.UndefinedColumn] * 2
    assert good == [(3,)]


async def test_a_cancelled_reader_leaves_its_neighbours_their_own_answers(one: Database):
    reads = [asyncio.create_task(one.read(NUMBER, x=number)) for number in range(4)]
    await asyncio.sleep(0)
    reads[1].cancel()
    answers = await asyncio.gather(*reads, return_exceptions=True)
    assert isinstance(answers.pop(1), asyncio.CancelledError)
    assert answers == [[(0,)], [(2,)], [(3,)]]
    assert await one.read(NUMBER, x=5) == [(5,)]


async def test_a_long_statement_that_nobody_waits_for_is_ended_on_the_server(one: Database, database_url: str):
    [[first]] = await one.read(ME)
    sleeping = asyncio.create_task(one.read(SLEEP, seconds=4))
    await asyncio.sleep(0.02)
    behind = asyncio.create_task(one.read(NUMBER, x=7))
    await asyncio.sleep(0)
    started = time.monotonic()
    sleeping.cancel()
    assert await behind == [(7,)], "its neighbour is answered elsewhere"
    assert in_time(time.monotonic() - started, 1)
    with suppress(asyncio.CancelledError):
        await sleeping
    assert running(database_url) == 0
    assert (await one.read(ME))[0][0] != first


async def test_a_slow_statement_does_not_hold_up_the_others(two: Database):
    slow = asyncio.create_task(two.read(SLEEP, seconds=0.6))
    started = time.monotonic()
    answers = await asyncio.gather(*(two.read(NUMBER, x=number) for number in range(8)))
    assert answers == [[(number,)] for number in range(8)]
    assert in_time(time.monotonic() - started, 0.5)
    assert not slow.done()
    assert len(await slow) == 1, "and is answered, too"


async def test_a_server_that_dies_in_the_midst_costs_nobody_an_answer(two: Database, database_url: str):
    pids = [pid for [[_, pid]] in await asyncio.gather(*(two.read(SLEEP, seconds=0.02) for _ in range(2)))]
    reads = [two.read(SLEEP, seconds=0.02), *(two.read(NUMBER, x=number) for number in range(6))]
    answers = asyncio.gather(*reads)
    await asyncio.sleep(0)
    await asyncio.to_thread(kill, database_url, *pids)
    _, *numbers = await answers
    assert numbers == [[(number,)] for number in range(6)]


async def test_a_flood_makes_no_more_connections_than_it_may_and_is_told_so_in_time(two: Database, database_url: str):
    async def read() -> float:
        started = time.monotonic()
        with suppress(Unavailable):
            await two.read(SLEEP, seconds=0.5)
            return 0.0
        return time.monotonic() - started

    flood = asyncio.gather(*(read() for _ in range(40)))
    await asyncio.sleep(0.1)
    assert await asyncio.to_thread(running, database_url) == 2
    seconds = await flood
    refused = [each for each in seconds if each]
    assert len(refused) >= 36
    assert in_time(max(refused), 0.5), "0.25 s and a moment"
    assert await two.read(NUMBER, x=1) == [(1,)]


async def test_many_readers_at_once_get_their_own_rows(database_url: str):
    patient, numbers = Database(database_url, pool_size=2, pool_timeout=20), range(300)
    await patient.open()
    answers = await asyncio.gather(*(patient.read(NUMBER, x=number) for number in numbers))
    assert answers == [[(number,)] for number in numbers]
    await patient.close()


async def test_more_than_the_socket_takes_at_once_arrives_whole(one: Database):
    long = select(func.length(bindparam("x", type_=Text)), bindparam("x", type_=Text))
    texts = [str(number) * 1_000_000 for number in range(8)]
    answers = await asyncio.gather(*(one.read(long, x=each) for each in texts))
    assert [(length, value == text) for [(length, value)], text in zip(answers, texts, strict=True)] == [
        (1_000_000, True)
    ] * 8


async def test_a_changed_table_is_noticed(one: Database, database_url: str):
    statement = text("select * from changing")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create table changing (a int)")
        connection.execute("insert into changing values (1)")
        assert list(map(tuple, await one.read(statement))) == [(1,)]
        connection.execute("alter table changing alter a type text")
        assert list(map(tuple, await one.read(statement))) == [("1",)]
        connection.execute("drop table changing")


async def test_a_connection_does_not_keep_statements_without_end(one: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pipe, "STATEMENTS", 10)
    [[first]] = await one.read(ME)
    for number in range(10):
        await one.read(text(f"select {number}"))
    assert (await one.read(ME))[0][0] != first


async def test_one_that_closes_answers_nobody_and_leaves_nothing(database_url: str):
    db = Database(database_url, pool_size=1)
    await db.open()
    await db.read(ME)
    reads = asyncio.gather(*(db.read(SLEEP, seconds=0.01) for _ in range(pipes.DEPTH + 3)), return_exceptions=True)
    await asyncio.sleep(0)
    await db.close()
    assert all(isinstance(each, Unavailable) for each in await reads)
