"""Cursors of subscriptions: nothing is missed, or the client is told so."""

import asyncio

import pytest

from core import cursors
from core.errors import InvalidInput, Unavailable
from execution.fields import ALONE
from live import audience, log, positions, sources, updates
from loaders.feeds import Feed
from tests.live.world import caught_up, marked


async def test_a_subscription_resumes_where_it_was_cut_off(world, ada, bob):
    await world.follow(ada, bob)
    feed = await world.feed(ada)
    await world.post(bob)
    last_seen = (await feed.next()).cursor
    await feed.close()
    missed = [await world.post(bob) for _ in range(3)]
    resumed = await world.feed(ada, last_seen)
    assert [(await resumed.next()).edge.node.id for _ in missed] == [post.id for post in missed]
    live = await world.post(bob)
    assert (await resumed.next()).edge.node.id == live.id


async def test_nothing_falls_between_a_query_and_its_subscription(world, ada, bob):
    """The cursor is taken first, then the query reads; what is written in between is in one or the other."""
    await world.follow(ada, bob)
    writing = asyncio.create_task(_write(world, bob, 60))
    for _ in range(5):
        await asyncio.sleep(0.03)
        context = world.context(ada)
        queried = [row.id for row in (await context.loaders[Feed].page(first=100).load(ALONE)).rows]
        feed = await world.feed(ada, context.live_cursor)
        known = set(queried)
        await world.post(ada)
        rows = (await world.context(ada).loaders[Feed].page(first=100).load(ALONE)).rows
        last = await world.post(ada)  # whatever was seen has an event before this one's
        while (update := await feed.next()).edge.node.id != last.id:
            known.add(update.edge.node.id)
        assert {row.id for row in rows} <= known
    await writing


async def _write(world, author, number):
    for _ in range(number):
        await world.post(author)


async def test_a_foreign_cursor_asks_for_a_resync_first_and_then_goes_live(world, ada):
    await caught_up(world)
    feed = await world.feed(ada, positions.encode("ffffffff", 1))
    resync = await feed.next()
    assert isinstance(resync, updates.ResyncRequired)
    assert resync.cursor == world.hub.live_cursor()
    await marked(world, ada, feed)


async def test_what_is_no_live_cursor_is_refused_at_once(world, ada):
    for cursor in ("nonsense", cursors.encode("feed", 7)):
        with pytest.raises(InvalidInput):
            await sources.feed_updates(world.context(ada), cursor)
        with pytest.raises(InvalidInput):
            await sources.post_updates(world.context(ada), 1, cursor)


async def test_a_history_that_is_trimmed_under_a_subscription_asks_for_a_resync(world, ada, bob, monkeypatch):
    await world.follow(ada, bob)
    await caught_up(world)
    source = aiter(await sources.feed_updates(world.context(ada), world.hub.live_cursor()))
    monkeypatch.setattr(world.hub, "_tail", type(world.hub._tail)(maxlen=1))
    for _ in range(5):
        await world.post(bob)
    await caught_up(world)
    await log.trim(world.db, hours=24, events=2)
    assert isinstance(await anext(source), updates.ResyncRequired)
    await source.aclose()


async def test_heartbeats_keep_cursors_fresh_while_others_write(world, ada, bob, monkeypatch):
    monkeypatch.setattr(world.hub, "heartbeat", 0.1)
    feed = await world.feed(ada)
    await world.post(bob)
    await caught_up(world)
    beats = [await feed.next() for _ in range(3)]
    assert {type(beat) for beat in beats} == {updates.Heartbeat}
    assert beats[-1].cursor == world.hub.live_cursor()


async def test_an_ended_subscription_leaves_nothing_behind(world, ada, bob):
    post = await world.post(bob)
    feed, thread = await world.feed(ada), await world.thread(ada, post)
    assert world.hub.channels
    await feed.close()
    await thread.close()
    assert not world.hub.channels


async def test_an_event_waits_for_the_database_rather_than_being_passed_over(world, ada, bob, monkeypatch):
    await world.follow(ada, bob)
    feed = await world.feed(ada)
    read, refusals = world.db.read, iter(range(3))

    async def often_away(statement, **parameters):
        if statement is audience._FEED_POST and next(refusals, None) is not None:
            raise Unavailable("database")
        return await read(statement, **parameters)

    monkeypatch.setattr(world.db, "read", often_away)
    post = await world.post(bob)
    assert (await feed.next()).edge.node.id == post.id
    assert next(refusals, None) is None
