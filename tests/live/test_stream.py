"""A process hears every event once and in order, whatever happens to Redis, the database or its connections."""

import asyncio
import logging
import time

import pytest

from core.redis import connect
from live import log
from live.pokes import Pokes
from live.relay import Relay
from live.stream import EventStream
from tests.live.conftest import happen, sequence_all
from tests.waiting import in_time

POST = 7


class Heard:
    """What one process hears, and how long after the commit."""

    def __init__(self, hub):
        self.seqs, self.numbers, self.at = [], [], {}
        hub.on_event(lambda event: self._note(hub, event))

    def _note(self, hub, event):
        self.seqs.append(hub.position)
        self.numbers.append(event.post_id)
        self.at[event.post_id] = time.perf_counter()


class Writing:
    """Writes numbered events one after the other until it is told to stop; through outages, it tries again."""

    def __init__(self, db, pause=0.01):
        self._db, self._pause, self._stopped = db, pause, False
        self.committed = {}
        self._task = asyncio.create_task(self._write())

    async def _write(self):
        while not self._stopped:
            number = len(self.committed) + 1
            await happen(self._db, number)
            self.committed[number] = time.perf_counter()
            await asyncio.sleep(self._pause)

    async def stop(self):
        self._stopped = True
        await self._task


@pytest.fixture
async def clients(own_redis):
    made = [connect(own_redis.url) for _ in range(2)]
    yield made
    for client in made:
        await client.aclose()


@pytest.fixture
async def two_processes(databases, clients, hubs):
    """One of them is the relay; both hear."""
    hubs_ = [await hubs(await databases(), client) for client in clients]
    return hubs_, [Heard(hub) for hub in hubs_]


async def heard_all(heard, count):
    async with asyncio.timeout(20):
        while any(len(each.numbers) < count for each in heard):  # noqa: ASYNC110 - polling is simplest
            await asyncio.sleep(0.01)
    for each in heard:
        assert each.numbers == list(range(1, count + 1))
        assert each.seqs == list(range(1, count + 1))


async def heard_all_of(hub, seq):
    async with asyncio.timeout(20):
        while hub.position < seq:  # noqa: ASYNC110 - polling is simplest
            await asyncio.sleep(0.01)


def slowest(heard, writing, since, until):
    """The longest that an event took which was committed between two moments."""
    return max(
        each.at[number] - committed
        for each in heard
        for number, committed in writing.committed.items()
        if since < committed < until
    )


async def test_nothing_is_missed_when_redis_is_killed_empty_and_back(db, own_redis, two_processes, caplog):
    caplog.set_level(logging.WARNING, "starling.live")
    _, heard = two_processes
    writing = Writing(db)
    await asyncio.sleep(0.3)
    own_redis.kill()
    away = time.perf_counter()
    await asyncio.sleep(1.5)
    await asyncio.to_thread(own_redis.start)
    back = time.perf_counter()
    await asyncio.sleep(1.0)
    await writing.stop()
    await heard_all(heard, len(writing.committed))
    assert in_time(slowest(heard, writing, away, back), 1.0)
    lines = [record.message for record in caplog.records]
    assert len([line for line in lines if "Redis is away" in line]) <= 3, "one line for each that misses it"


async def test_nothing_is_missed_when_the_stream_is_flushed(db, clients, two_processes):
    _, heard = two_processes
    writing = Writing(db, pause=0)
    for _ in range(10):
        await asyncio.sleep(0.05)
        await clients[0].flushall()
    await writing.stop()
    await heard_all(heard, len(writing.committed))


async def test_what_the_stream_lacks_is_read_from_the_log(db, redis):
    stream = f"starling:test:{time.time_ns()}"
    await happen(db, *range(1, 8))
    await sequence_all(db)
    records = await log.after(db, 0)
    await Relay(db, redis, stream, Pokes(redis, stream))._offer(records[3:6])
    entries = EventStream(db, redis, stream, 0).entries()
    assert [(await anext(entries)).seq for _ in range(7)] == [1, 2, 3, 4, 5, 6, 7]
    await entries.aclose()
    await redis.delete(stream)


async def test_a_redis_that_hangs_holds_nobody_up(db, own_redis, two_processes):
    _, heard = two_processes
    writing = Writing(db)
    await asyncio.sleep(0.2)
    own_redis.freeze()
    frozen = time.perf_counter()
    await asyncio.sleep(2.5)
    thawed = time.perf_counter()
    own_redis.thaw()
    await writing.stop()
    await heard_all(heard, len(writing.committed))
    assert in_time(slowest(heard, writing, frozen, thawed), 2.0)


async def test_nothing_is_missed_when_the_database_goes_away_and_comes_back(db, maintenance, two_processes, caplog):
    caplog.set_level(logging.WARNING, "starling.live")
    (hub, _), heard = two_processes
    await happen(db, 1)
    await heard_all(heard, 1)
    maintenance.close()
    await asyncio.sleep(1.0)
    maintenance.open()
    opened = time.perf_counter()
    while len(heard[0].numbers) < 2:
        try:
            await happen(db, 2)
        except Exception:
            await asyncio.sleep(0.05)
        else:
            break
    await heard_all(heard, 2)
    assert in_time(time.perf_counter() - opened, 2.0)
    assert all(record.exc_info is None for record in caplog.records), "an outage is no reason for a traceback"
    assert hub.position == 2


async def test_an_event_that_only_a_newer_version_knows_is_passed_over(db, hub):
    from models.outbox import OutboxEvent

    heard = Heard(hub)
    async with db.write() as tx:
        await tx.insert(OutboxEvent, kind="PostPinned", payload={"post_id": POST})
        await tx.insert(OutboxEvent, kind="CountsChanged", payload={"post_id": POST, "mood": "new"})
    await happen(db, POST)
    await heard_all_of(hub, 3)
    assert heard.seqs == [3]
    assert heard.numbers == [POST]
