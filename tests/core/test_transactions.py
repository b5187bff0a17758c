"""Statements that nobody waits for go with others, in order, and all of a transaction holds or none."""

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import bindparam, func, insert, select

from core.database import Database
from core.errors import Unavailable
from models.users import User
from tests.waiting import in_time

ADD = insert(User).values(handle=bindparam("handle"), name="N")
FOUND = select(User.handle).where(User.handle.startswith(bindparam("start"))).order_by(User.id)
SLEEP = select(func.pg_sleep(30))
ME = select(func.pg_backend_pid())


@pytest.fixture
async def one(database_url: str) -> AsyncIterator[Database]:
    """The database, one transaction at a time."""
    db = Database(database_url, pool_size=1)
    await db.open()
    yield db
    await db.close()


async def test_what_is_put_off_is_done_before_what_is_asked_next(one: Database):
    async with one.write() as tx:
        tx.later(ADD, handle="later_a")
        tx.later(ADD, handle="later_b")
        assert [row.handle for row in await tx.rows(FOUND, start="later_")] == ["later_a", "later_b"]
        tx.later(ADD, handle="later_c")
    assert len(await one.read(FOUND, start="later_")) == 3


async def test_what_was_put_off_and_fails_takes_all_with_it(one: Database):
    async def fail() -> None:
        async with one.write() as tx:
            await tx.insert(User, handle="fails_a", name="N")
            tx.later(ADD, handle="fails_a")
            tx.later(ADD, handle="fails_b")

    with pytest.raises(psycopg.errors.UniqueViolation):
        await fail()
    assert await one.read(FOUND, start="fails_") == []


async def test_a_failure_that_is_passed_over_is_not_committed(one: Database):
    async def pass_over() -> None:
        async with one.write() as tx:
            await tx.insert(User, handle="passed_a", name="N")
            with pytest.raises(psycopg.errors.UniqueViolation):
                await tx.insert(User, handle="passed_a", name="N")

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await pass_over()
    assert await one.read(FOUND, start="passed_") == []


async def test_who_is_cancelled_leaves_nothing_and_no_connection_to_others(one: Database):
    async def dawdle() -> None:
        async with one.write() as tx:
            await tx.insert(User, handle="cancelled", name="N")
            pids.append((await tx.rows(ME))[0][0])
            await tx.rows(SLEEP)

    pids: list[int] = []
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await dawdle()
    async with one.write() as tx:
        assert (await tx.rows(ME))[0][0] not in pids
    assert in_time(time.monotonic() - started, 5)
    assert await one.read(FOUND, start="cancelled") == []


async def test_a_transaction_that_gets_no_turn_is_told_within_a_moment(one: Database):
    async with one.write() as tx:
        await tx.rows(ME)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            async with one.write() as other:
                await other.rows(ME)
        assert 0.2 < time.monotonic() - started < 2
