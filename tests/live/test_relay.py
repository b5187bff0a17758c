"""The sequence is dense and in commit order, whoever gives it and however often it changes hands."""

import asyncio
import random
import time
from contextlib import suppress

import pytest

from core.errors import Unavailable
from domain import events
from live import log
from live.outage import stop
from live.pokes import Pokes
from live.relay import LOCK, Relay
from tests.live.conftest import happen, numbers_in_log, sequence_all
from tests.waiting import until


class Writers:
    """Write events concurrently, and know what was committed, between which moments."""

    def __init__(self, db):
        self._db = db
        self.began, self.acknowledged = {}, {}

    async def write(self, writer, rounds):
        chance = random.Random(writer)  # noqa: S311
        for number in range(rounds):
            name = writer * 10_000 + number
            began = time.perf_counter()
            try:
                async with self._db.write() as tx:
                    events.record(tx, events.CountsChanged(name))
                    await tx.flush()
                    await asyncio.sleep(chance.random() * 0.01)
                    if chance.random() < 0.1:
                        raise Changed
            except Changed:
                continue
            self.began[name], self.acknowledged[name] = began, time.perf_counter()

    async def run(self, writers=8, rounds=60):
        await asyncio.gather(*(self.write(writer, rounds) for writer in range(1, writers + 1)))

    def check(self, names, seqs):
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(names) == len(set(names))
        assert set(names) == set(self.began)
        latest_beginning = 0
        for name in names:
            assert self.acknowledged[name] >= latest_beginning, "an event comes after one that began when it was over"
            latest_beginning = max(latest_beginning, self.began[name])


class Changed(Exception):
    """A writer's mind."""


async def followed(db, writers, seen):
    """Reads as a reader does, while others write: what it has passed must never be filled in later."""
    last = 0
    while len(seen) < len(writers.began) or not writers.done:
        for record in await log.after(db, last):
            assert record.seq == last + 1
            last = record.seq
            seen.append(record.payload["post_id"])
        await asyncio.sleep(0.002)


async def test_two_relays_give_a_dense_sequence_in_commit_order(databases, db, redis):
    writers, seen = Writers(db), []
    writers.done = False
    relays = [asyncio.create_task(relay(await databases(), redis).run()) for _ in range(2)]
    reader = asyncio.create_task(followed(await databases(), writers, seen))
    await writers.run()
    writers.done = True
    async with asyncio.timeout(20):
        await reader
    for task in relays:
        task.cancel()
    names, seqs = await numbers_in_log(db)
    writers.check(names, seqs)
    assert seen == names


async def test_relays_that_all_believe_to_be_the_one_still_number_each_event_once(databases, db):
    writers = Writers(db)
    writing = asyncio.create_task(writers.run(rounds=40))

    async def usurp(other):
        while not writing.done():
            await log.sequence(other)

    await asyncio.gather(*[usurp(await databases()) for _ in range(3)])
    await writing
    await sequence_all(db)
    names, seqs = await numbers_in_log(db)
    writers.check(names, seqs)
    assert (await log.position(db)).last_seq == len(seqs)


async def test_an_event_waits_for_no_older_transaction_and_none_is_passed_by(db):
    async with db.write() as older:
        events.record(older, events.CountsChanged(1))
        await older.flush()
        await happen(db, 2)
        await sequence_all(db)
        assert await numbers_in_log(db) == ([2], [1])
    assert await log.is_behind(db)
    await sequence_all(db)
    assert await numbers_in_log(db) == ([2, 1], [1, 2])
    assert not await log.is_behind(db)


async def test_a_stale_relay_cannot_fork_or_tear_the_stream(db, redis):
    stream = f"starling:test:{time.time_ns()}"
    await happen(db, 1, 2, 3, 4, 5)
    await sequence_all(db)
    records = await log.after(db, 0)
    current, stale = relay(db, redis, stream), relay(db, redis, stream)
    assert await current._offer(records[:3]) == 3
    assert await stale._offer(records[:2]) == 3
    assert await stale._offer(records[4:]) == 3, "a hole must be refused"
    await stale._append(records[4:])
    entries = await redis.xrange(stream)
    assert [key for key, _ in entries] == ["1-0", "2-0", "3-0", "4-0", "5-0"]
    await redis.delete(stream)


async def test_another_takes_over_from_a_relay_whose_connection_breaks(databases, redis, maintenance, db):
    first, second = relay(await databases(), redis), relay(await databases(), redis)
    tasks = [asyncio.create_task(first.run())]
    await until(lambda: first._pokes.relay_is_here)
    tasks.append(asyncio.create_task(second.run()))
    await asyncio.sleep(0.3)
    assert not second._pokes.relay_is_here
    maintenance.cut_connections()
    await until(lambda: not first._pokes.relay_is_here)
    await until(lambda: first._pokes.relay_is_here or second._pokes.relay_is_here)
    await happen(db, 1)
    while (await log.position(db)).last_seq < 1:  # noqa: ASYNC110 - polling is simplest
        await asyncio.sleep(0.02)
    assert first._pokes.relay_is_here != second._pokes.relay_is_here
    for task in tasks:
        task.cancel()


async def test_a_relay_that_hangs_loses_its_office(databases):
    hanging, next_one = await databases(), await databases()
    async with hanging.exclusively(LOCK) as renew:
        started = time.monotonic()
        async with asyncio.timeout(20), next_one.exclusively(LOCK):
            assert time.monotonic() - started > 1
        with pytest.raises(Unavailable):
            async with hanging.exclusively(LOCK + 1):
                await renew()


async def test_an_event_without_a_poke_is_told_all_the_same(db, hub):
    db.on_events = lambda: None
    await happen(db, 1)
    async with asyncio.timeout(3):
        await until(lambda: hub.position == 1)


async def test_trimming_keeps_a_log_without_holes(db):
    await happen(db, *range(1, 11))
    await sequence_all(db)
    assert await log.trim(db, hours=24, events=1_000_000) is False
    assert await log.oldest(db) == 1
    assert await log.trim(db, hours=24, events=4) is False
    assert await numbers_in_log(db) == ([7, 8, 9, 10], [7, 8, 9, 10])
    await happen(db, 11)
    await log.trim(db, hours=-24, events=1_000_000)
    assert await log.oldest(db) is None
    await sequence_all(db)
    assert await numbers_in_log(db) == ([11], [11]), "what isn't numbered yet stays"


async def test_who_is_stopped_while_it_stops_others_sees_that_through():
    async def absent_minded():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        await asyncio.sleep(30)

    async def in_office():
        try:
            await asyncio.sleep(30)
        finally:
            await stop([duty])

    duty, office = asyncio.create_task(absent_minded()), asyncio.create_task(in_office())
    await asyncio.sleep(0)
    await stop([office])
    assert duty.cancelled()


def relay(db, redis, stream="starling:test:unread"):
    pokes = Pokes(redis, f"{stream}:pokes")
    db.on_events = pokes.send
    return Relay(db, redis, stream, pokes)
