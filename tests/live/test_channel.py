"""Listeners are told everything once and in order from their own place on, and nobody's slowness is anybody else's."""

import asyncio

import pytest

from core.errors import Unavailable
from domain import events
from domain.viewer import Viewer
from live import hub as hub_module
from live import topics, updates
from live.channel import QUEUE
from live.cohort import Rendering, Vanished
from live.listener import State
from live.stream import Entry
from live.updates import Telling
from tests.live.conftest import sequence_all
from tests.live.test_hub import arrived, trimmed

POST, OTHER = 7, 8


class Subject:
    """Tells everybody of everything about a post."""

    topics = (topics.post(POST),)
    has_counts = False

    def __init__(self):
        self.asked = []
        self.failures = []
        self.slow = asyncio.Event()
        self.slow.set()

    async def told(self, entries, viewers):
        self.asked.append(([entry.seq for entry in entries], sorted(viewers)))
        await self.slow.wait()
        if self.failures:
            raise self.failures.pop()
        return [[Telling(updates.Heartbeat, list(viewers))] for _ in entries]


class Sink:
    """Takes what it is given, as long as there is room."""

    listener = None

    def __init__(self, room=10_000):
        self.told, self.resyncs, self.room = [], 0, room

    def send(self, update):
        if len(self.told) >= self.room:
            return False
        if isinstance(update, updates.ResyncRequired):
            self.resyncs += 1
        else:
            self.told.append(update)
        return True

    def make_room(self, room):
        self.room = room
        self.listener.drained()


class Listeners:
    """Subscribes to one subject in a hub."""

    def __init__(self, hub):
        self.hub, self.subject, self.rendered = hub, Subject(), []

    async def _render(self, viewer, update):
        self.rendered.append(viewer.user_id)
        return update

    async def __call__(self, after, *, viewer=1, shared=True, sink=None):
        sink = sink or Sink()
        channel = self.hub.channel("numbers", lambda: self.subject)
        rendering = Rendering(("same", shared), shared, self._render)
        await channel.subscribe(Viewer(viewer), rendering, sink, after, resync=None, resumed=True)
        return sink

    def cursors(self, *seqs):
        return [updates.Heartbeat(self.hub.cursor(seq)) for seq in seqs]

    async def told(self, sink, *seqs):
        async with asyncio.timeout(20):
            while len(sink.told) < len(seqs):  # noqa: ASYNC110 - polling is simplest
                await asyncio.sleep(0.005)
        assert sink.told == self.cursors(*seqs)


@pytest.fixture
def listen(hub):
    return Listeners(hub)


async def happen(db, *post_ids):
    async with db.write() as tx:
        for post_id in post_ids:
            events.record(tx, events.PostEdited(post_id, 1))


async def test_a_listener_resumes_after_its_cursor_in_order_and_then_goes_live(db, hub, listen):
    await happen(db, POST, OTHER, POST)
    await arrived(hub, 3)
    sink = await listen(0)
    await listen.told(sink, 1, 3)
    await happen(db, OTHER, POST)
    await listen.told(sink, 1, 3, 5)
    assert sink.listener.state is State.IN_STEP


async def test_what_the_hub_has_forgotten_is_read_from_the_log(db, redis, hubs, monkeypatch):
    monkeypatch.setattr(hub_module, "TAIL", 10)
    hub = await hubs(db, redis)
    listen = Listeners(hub)
    for _ in range(12):
        await happen(db, *[POST, OTHER] * 50)
    await arrived(hub, 1200)
    sink = await listen(4)
    await listen.told(sink, *range(5, 1200, 2))
    await happen(db, POST)
    await listen.told(sink, *range(5, 1200, 2), 1201)


async def test_many_who_come_back_at_once_go_through_the_log_together(db, databases, redis, hubs, hub, statements):
    await happen(db, *[POST] * 50)
    await arrived(hub, 50)
    second = await hubs(await databases(), redis)
    listen = Listeners(second)
    del statements.texts[:]
    sinks = [await listen(number % 40, viewer=number) for number in range(1, 401)]
    for number, sink in enumerate(sinks, 1):
        await listen.told(sink, *range(number % 40 + 1, 51))
    assert not [text for text in statements.texts if "payload" in text], "no SELECT for each who resumes"
    assert len(listen.subject.asked) <= 20
    assert len(listen.rendered) == 50


async def test_each_event_is_judged_once_for_all_and_rendered_once_where_all_get_the_same(db, hub, listen):
    alike = [await listen(0, viewer=viewer) for viewer in (1, 2, 2, 3)]
    apart = [await listen(0, viewer=viewer, shared=False) for viewer in (1, 2, 2)]
    await happen(db, POST)
    for sink in (*alike, *apart):
        await listen.told(sink, 1)
    assert listen.subject.asked == [([1], [1, 2, 3])]
    assert sorted(listen.rendered[1:]) == [1, 2]
    assert listen.rendered[0] in (1, 2, 3)


async def test_who_is_too_slow_holds_nobody_up_and_misses_nothing(db, hub, listen):
    slow, quick = await listen(0, sink=Sink(room=3)), await listen(0)
    for _ in range(3):
        await happen(db, *[POST] * 100)
    await listen.told(quick, *range(1, 301))
    assert slow.told == quick.told[:3]
    assert slow.listener.state is State.STALLED
    slow.make_room(50)
    await listen.told(slow, *range(1, 51))
    slow.make_room(1000)
    await listen.told(slow, *range(1, 301))
    await happen(db, POST)
    await listen.told(slow, *range(1, 302))
    assert hub.figures.stalls == 2


async def test_a_channel_that_cannot_keep_up_goes_on_from_the_log(db, hub, listen):
    sink = await listen(0)
    listen.subject.slow.clear()
    await happen(db, *[POST] * (QUEUE + 50))
    await arrived(hub, QUEUE + 50)
    assert sink.listener.channel.depth <= QUEUE
    listen.subject.slow.set()
    await listen.told(sink, *range(1, QUEUE + 51))


async def test_who_reads_ahead_of_the_hub_hears_nothing_twice(db, redis):
    for _ in range(10):
        await happen(db, POST)
    await sequence_all(db)
    hub = hub_module.Hub(db, redis)
    await hub._remember()
    hub.position = 5
    hub._tail.clear()
    listen = Listeners(hub)
    sink = await listen(0)
    await listen.told(sink, *range(1, 11))
    for seq in range(6, 12):
        hub._publish(Entry(seq, events.PostEdited(POST, 1), None))
    await listen.told(sink, *range(1, 12))


async def test_who_comes_while_an_event_is_told_hears_it_once(db, hub, listen):
    first = await listen(0)
    listen.subject.slow.clear()
    await happen(db, POST, POST)
    await arrived(hub, 2)
    second, third = await listen(0, viewer=2), await listen(1)
    listen.subject.slow.set()
    await listen.told(first, 1, 2)
    await listen.told(second, 1, 2)
    await listen.told(third, 2)


async def test_a_past_that_is_trimmed_asks_for_a_resync_and_goes_on(db, redis, hubs, monkeypatch):
    monkeypatch.setattr(hub_module, "TAIL", 2)
    hub = await hubs(db, redis)
    await happen(db, *[POST] * 10)
    await arrived(hub, 10)
    await trimmed(db, kept=4)
    listen = Listeners(hub)
    lost, kept = await listen(3), await listen(6)
    await listen.told(kept, 7, 8, 9, 10)
    await happen(db, POST)
    await listen.told(lost, 11)
    assert (lost.resyncs, kept.resyncs) == (1, 0)


async def test_an_event_waits_for_the_database_and_is_judged_anew_when_what_it_tells_of_vanishes(db, hub, listen):
    sink = await listen(0)
    listen.subject.failures = [Unavailable("database"), Vanished(), Unavailable("database"), Vanished()]
    await happen(db, POST)
    await listen.told(sink, 1)
    assert len(listen.subject.asked) == 5


async def test_an_event_that_cannot_be_told_asks_for_a_resync_instead_of_a_silent_gap(db, hub, listen):
    sink = await listen(0)
    listen.subject.failures = [RuntimeError("a bug")] * 3
    await happen(db, POST)
    await arrived(hub, 1)
    await happen(db, POST)
    await listen.told(sink, 2)
    assert sink.resyncs == 1


async def test_a_quiet_listener_costs_nothing_and_its_heartbeat_moves_on(db, hub, listen, statements):
    sink = await listen(hub.position)
    await happen(db, *[OTHER] * 20)
    await arrived(hub, 20)
    del statements.texts[:]
    await sink.listener.channel.beat(sink.listener.heard_at)
    await listen.told(sink, 20)
    assert not [text for text in statements.texts if "payload" in text]
    assert listen.subject.asked == []
    assert not sink.listener.channel.chores()


async def test_nobody_is_left_behind_when_listening_ends(db, hub, listen):
    sinks = [await listen(0), await listen(0), await listen(0, sink=Sink(room=0))]
    await happen(db, POST)
    await listen.told(sinks[0], 1)
    for sink in sinks:
        sink.listener.leave()
    assert not hub.channels
    assert not hub._topics
    await happen(db, POST)
    await arrived(hub, 2)
    assert sinks[0].told == listen.cursors(1)


async def test_after_a_gap_everybody_is_asked_to_resync(db, hub, listen):
    sink = await listen(0)
    hub._publish(Entry(5, events.PostEdited(POST, 1), None))
    async with asyncio.timeout(5):
        while not sink.resyncs:  # noqa: ASYNC110 - polling is simplest
            await asyncio.sleep(0.005)
    assert hub.position == 5
