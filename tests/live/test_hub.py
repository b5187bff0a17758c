"""A cursor is honoured, or it is said why not; and the process hears everything."""

import asyncio

import pytest

from core import cursors
from core.errors import InvalidInput
from domain import events
from live import hub as hub_module
from live import log
from live.hub import ANOTHER_HISTORY, NOT_YET, TOO_OLD, Place
from live.stream import Entry
from tests.live.conftest import happen

POST = 7


async def arrived(hub, seq):
    async with asyncio.timeout(20):
        while hub.position < seq:  # noqa: ASYNC110 - polling is simplest
            await asyncio.sleep(0.01)


async def trimmed(db, kept):
    while await log.trim(db, hours=24, events=kept):
        pass


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
    other._publish(Entry(5, events.CountsChanged(POST), None))
    assert (lost, other.position) == ([0], 5)
