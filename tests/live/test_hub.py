"""A cursor resumes without a gap, or says that it can't; and nobody's slowness is anybody else's."""

import asyncio

import pytest

from core import cursors
from core.errors import InvalidInput
from domain import events
from live import hub as hub_module
from live import log, topics
from live.hub import ANOTHER_HISTORY, NOT_YET, TOO_OLD, Hub, Place
from live.listener import QUEUE, HistoryLost
from live.stream import Entry
from tests.live.conftest import happen, sequence_all

POST, OTHER = 7, 8


async def arrived(hub, seq):
    async with asyncio.timeout(20):
        while hub.position < seq:  # noqa: ASYNC110 - polling is simplest
            await asyncio.sleep(0.01)


async def collected(listener, count):
    return [(await listener.next(20)).seq for _ in range(count)]


async def trimmed(db, kept):
    while await log.trim(db, kept_events=kept):
        pass


async def test_a_cursor_resumes_after_it_in_order_and_then_goes_live(db, hub):
    await happen(db, POST, OTHER, POST)
    await arrived(hub, 3)
    place = await hub.place(hub.cursor(0))
    with hub.listen(place.seq, topics.post(POST)) as listener:
        assert await collected(listener, 2) == [1, 3]
        await happen(db, OTHER, POST)
        assert await collected(listener, 1) == [5]


async def test_what_the_hub_has_forgotten_is_read_from_the_log(db, redis, hubs, monkeypatch):
    monkeypatch.setattr(hub_module, "TAIL", 10)
    hub = await hubs(db, redis)
    for _ in range(12):
        await happen(db, *[POST, OTHER] * 50)
    await arrived(hub, 1200)
    place = await hub.place(hub.cursor(4))
    with hub.listen(place.seq, topics.post(POST)) as listener:
        assert await collected(listener, 598) == list(range(5, 1200, 2))
        await happen(db, POST)
        assert await collected(listener, 1) == [1201]


async def test_a_new_process_remembers_what_another_one_saw(db, databases, redis, hubs, hub, statements):
    await happen(db, *[POST] * 700)
    await arrived(hub, 700)
    second = await hubs(await databases(), redis)
    del statements.texts[:]
    place = await second.place(hub.cursor(10))
    with second.listen(place.seq, topics.post(POST)) as listener:
        assert await collected(listener, 690) == list(range(11, 701))
    assert not [text for text in statements.texts if "payload" in text], "no SELECT for each who resumes"


async def test_a_cursor_that_cannot_be_honoured_says_why_and_gives_a_fresh_one(db, hub):
    await happen(db, *[POST] * 10)
    await arrived(hub, 10)
    foreign = cursors.encode("live", int(hub.history, 16) ^ 1, 5)
    assert await hub.place(foreign) == Place(10, ANOTHER_HISTORY)
    assert await hub.place(hub.cursor(11)) == Place(10, NOT_YET)
    assert await hub.place(hub.cursor(-1)) == Place(10, TOO_OLD)
    assert await hub.place(hub.cursor(0)) == Place(0)
    assert await hub.place(hub.cursor(10)) == Place(10)
    assert await hub.place(None) == Place(10)


async def test_a_cursor_from_before_what_is_kept_is_too_old(db, redis, hubs, monkeypatch):
    monkeypatch.setattr(hub_module, "TAIL", 2)
    hub = await hubs(db, redis)
    await happen(db, *[POST] * 10)
    await arrived(hub, 10)
    await trimmed(db, kept=4)
    assert await hub.place(hub.cursor(5)) == Place(10, TOO_OLD)
    assert await hub.place(hub.cursor(6)) == Place(6)
    await trimmed(db, kept=0)
    assert await hub.place(hub.cursor(7)) == Place(10, TOO_OLD)
    assert await hub.place(hub.cursor(10)) == Place(10)


@pytest.mark.parametrize("cursor", ["", "x", "öä", cursors.encode("feed", 7), cursors.encode("live", 7), "bGl2ZTox"])
async def test_what_is_no_live_cursor_is_invalid_input(hub, cursor):
    with pytest.raises(InvalidInput) as refusal:
        await hub.place(cursor)
    assert [problem.path for problem in refusal.value.fields] == [("after",)]


async def test_a_listener_that_is_too_slow_reads_the_log_and_holds_little(db, hub):
    with hub.listen(0, topics.post(POST)) as slow, hub.listen(0, topics.post(POST)) as quick:
        assert await slow.next(0) is None
        for _ in range(3):
            await happen(db, *[POST] * 400)
            assert len(await collected(quick, 400)) == 400
            assert len(slow._queue) <= QUEUE
        assert await collected(slow, 1200) == list(range(1, 1201))


async def test_a_listener_that_reads_ahead_of_the_hub_hears_nothing_twice(db, redis):
    await happen(db, *[POST] * 10)
    await sequence_all(db)
    hub = Hub(db, redis)
    hub.position = 5
    with hub.listen(0, topics.post(POST)) as listener:
        assert await collected(listener, 10) == list(range(1, 11))
        for seq in range(6, 12):
            hub._publish(Entry(seq, events.CountsChanged(POST), None))
        assert await collected(listener, 1) == [11]
        assert await listener.next(0) is None


async def test_a_listener_whose_past_is_trimmed_is_told_so(db, redis, hubs, monkeypatch):
    monkeypatch.setattr(hub_module, "TAIL", 2)
    hub = await hubs(db, redis)
    await happen(db, *[POST] * 10)
    await arrived(hub, 10)
    with hub.listen(3, topics.post(POST)) as listener:
        await trimmed(db, kept=4)
        with pytest.raises(HistoryLost):
            await listener.next(20)
        await happen(db, POST)
        assert await collected(listener, 1) == [11]


async def test_a_quiet_listener_moves_on_without_reading_anything(db, hub, statements):
    with hub.listen(hub.position, topics.post(POST)) as listener:
        assert await listener.next(0) is None
        await happen(db, *[OTHER] * 20)
        await arrived(hub, 20)
        del statements.texts[:]
        assert await listener.next(0) is None
        assert listener.position == 20
        assert not [text for text in statements.texts if "payload" in text]


async def test_nobody_is_left_behind_when_listening_ends(hub):
    with hub.listen(0, topics.post(POST), topics.user(1)):
        assert hub._listeners
    assert not hub._listeners


async def test_listeners_in_the_process_hear_everything_and_cannot_stop_it(db, hub):
    heard = []
    hub.on_event(lambda _: 1 / 0)
    hub.on_event(heard.append)
    async with db.write() as tx:
        events.record(tx, events.SessionRevoked(5))
        events.record(tx, events.SessionRevoked(6))
    await arrived(hub, 2)
    assert heard == [events.SessionRevoked(5), events.SessionRevoked(6)]


async def test_a_process_that_was_cut_off_for_too_long_says_so_and_goes_on(databases, redis, hubs, hub, db):
    lost = []
    other = await hubs(await databases(), redis)
    other.on_gap(lambda: lost.append(other.position))
    with other.listen(other.position, topics.post(POST)) as listener:
        assert await listener.next(0) is None
        other._publish(Entry(5, events.CountsChanged(POST), None))
        assert lost == [0]
        with pytest.raises(HistoryLost):
            await listener.next(1)
