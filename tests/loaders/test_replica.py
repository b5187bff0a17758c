"""What a replica is read for, and that nobody notices when it is behind or away."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from core.settings import settings
from tests.api import Api, Person
from tests.replication import Pair
from tests.second_opinion import SecondOpinion
from tests.serving import serving
from tests.transport.test_outages import started
from tests.transport.test_sse import FEED, streamed
from tests.waiting import in_time, until

pytestmark = pytest.mark.xdist_group("replica")

ASKED_WITHIN = 0.2
"""Seconds between two questions, each of which takes a moment."""
LAG = 2.0
NAME = "query ($handle: String!) { user(handle: $handle) { name } }"
LIVE_NAME = "query ($handle: String!) { latest(first: 1) { liveCursor } user(handle: $handle) { name } }"


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[Pair]:
    async with Pair.started() as pair:
        yield pair


@pytest.fixture
async def api(pair: Pair, redis_url: str) -> AsyncIterator[Api]:
    async with replicated(pair, redis_url) as api:
        yield api


@pytest.fixture(autouse=True)
def resumed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The second opinion is the primary's, which is just what may differ here."""
    monkeypatch.setattr(SecondOpinion, "is_asked", False)
    yield
    pair.resume()


@asynccontextmanager
async def replicated(pair: Pair, redis_url: str) -> AsyncIterator[Api]:
    """A process with a replica."""
    replica = {"DATABASE_REPLICA_URL": pair.replica.url, "STARLING_REPLICA_LAG_SECONDS": str(LAG)}
    generous = {"STARLING_WRITE_BURST": "1000", "STARLING_ATTEMPTS": "1000"}
    async with started(pair.primary.url, redis_url, **replica, **generous) as api:
        yield api


async def name(api: Api, of: Person, viewer: Person | None = None, query: str = NAME) -> str:
    return (await api(query, viewer, handle=of.handle))["user"]["name"]


async def stands_still(pair: Pair, *apis: Api) -> Person:
    """Somebody whom the primary calls New and the replica Old, which is read from, but gets nothing any more."""
    person = await apis[0].sign_up(name="Old")
    while True:
        pair.resume()
        await asyncio.sleep(LAG / 2)
        pair.pause()
        pair.primary.execute("update users set name = 'New' where id = %s", person.number)
        if [await name(api, person) for api in apis] == ["Old"] * len(apis):
            return person
        pair.primary.execute("update users set name = 'Old' where id = %s", person.number)


async def forgotten() -> None:
    """Wait until nobody remembers who wrote: signing up is writing."""
    await asyncio.sleep(LAG)


async def test_who_is_nobody_reads_the_replica_and_the_primary_once_that_is_too_far_behind(pair: Pair, api: Api):
    person = await stands_still(pair, api)
    await until(lambda: is_new(api, person), LAG + ASKED_WITHIN)
    pair.resume()
    await stands_still(pair, api)


async def is_new(api: Api, person: Person) -> bool:
    return await name(api, person) == "New"


async def test_who_wrote_lately_sees_it_in_every_process_and_others_may_wait(pair: Pair, api: Api, redis_url: str):
    reader, writer = [await api.sign_up(), await api.sign_up(name="Before")]
    await forgotten()
    async with replicated(pair, redis_url) as other:
        await stands_still(pair, api, other)
        await api.mutate("updateProfile", writer, name="After")
        names = [await name(process, writer, who) for process in (api, other) for who in (writer, reader, None)]
    assert names == ["After", "Before", "Before"] * 2


async def test_who_has_just_signed_up_finds_the_account(pair: Pair, api: Api):
    await stands_still(pair, api)
    somebody = await api.sign_up()
    assert await api("{ viewer { handle } }", somebody) == {"viewer": {"handle": somebody.handle}}


async def test_a_page_that_is_followed_live_has_everything_before_its_cursor(pair: Pair, api: Api):
    person = await stands_still(pair, api)
    assert await name(api, person, query=LIVE_NAME) == "New"


async def test_a_mutation_answers_with_what_is_so(pair: Pair, api: Api):
    writer = await api.sign_up()
    await forgotten()
    person = await stands_still(pair, api)
    followed = await api.mutate("followUser", writer, "user { name followerCount }", userId=person.id)
    assert followed["user"] == {"name": "New", "followerCount": 1}


async def test_without_redis_all_who_are_signed_in_read_the_primary(pair: Pair):
    async with replicated(pair, "unix:///nonexistent/redis.sock") as api:
        reader = await api.sign_up()
        await forgotten()
        person = await stands_still(pair, api)
        assert [await name(api, person, who) for who in (reader, None)] == ["New", "Old"]


async def test_a_replica_that_goes_is_not_noticed_and_one_that_comes_back_is_read(pair: Pair, api: Api):
    person = await stands_still(pair, api)
    pair.replica.stop()
    assert await name(api, person) == "New"
    pair.replica.start()
    await pair.replica.answers()
    await stands_still(pair, api)


async def test_a_replica_that_hangs_costs_a_moment_once(pair: Pair, api: Api):
    person = await stands_still(pair, api)
    pair.replica.signal(signal.SIGSTOP)
    try:
        assert await asyncio.gather(*(name(api, person) for _ in range(5))) == ["New"] * 5
        started = time.monotonic()
        assert await name(api, person) == "New"
        assert in_time(time.monotonic() - started, 0.5)
    finally:
        pair.replica.signal(signal.SIGCONT)
    await stands_still(pair, api)


async def test_live_events_have_what_they_tell_of(pair: Pair, api: Api, redis_url: str, tmp_path: Path):
    replica = {
        "STARLING_PUBLIC_URL": settings().origin,
        "DATABASE_REPLICA_URL": pair.replica.url,
        "STARLING_REPLICA_LAG_SECONDS": str(LAG),
    }
    with serving(pair.primary.url, redis_url, tmp_path / "log", STARLING_DEMO="false", **replica) as server:
        async with AsyncClient(base_url=server.url, timeout=20) as http:
            served = Api(http)
            author, follower = await api.sign_up(), await api.sign_up()
            await api.follow(follower, author)
            await forgotten()
            await stands_still(pair, served)
            async with streamed(http, FEED, follower.token) as events:
                await api.create_post(author, "told at once")
                assert await events.post() == "told at once"
