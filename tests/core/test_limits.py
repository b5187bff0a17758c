import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from core import limits, patience
from core.errors import RateLimited
from core.limits import Allowance, Limiter
from core.redis import connect
from tests.waiting import in_time

keys = (f"test-{time.time_ns()}-{number}" for number in itertools.count())


@pytest.fixture
async def redis(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Redis]:
    """Waited for longer than requests do: on a busy machine it is slow, but not away."""
    monkeypatch.setattr(patience, "PATIENCE", 10.0)
    async with patient(redis_url) as client:
        yield client


def patient(url: str) -> Redis:
    """A client that waits for its connections, too: many are opened at once here."""
    client = connect(url)
    client.connection_pool.connection_kwargs["socket_connect_timeout"] = 10.0
    return client


@pytest.fixture
def key() -> Iterator[str]:
    return next(keys)


class Silence:
    """A server that accepts connections and never says a word."""

    connections = 0

    async def __aenter__(self) -> "Silence":
        self.server = await asyncio.start_server(self.listen, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.client = connect(f"redis://127.0.0.1:{port}")
        return self

    async def listen(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.read()

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        self.server.close()


async def test_a_bucket_pays_until_it_is_empty_and_a_refusal_takes_nothing(redis: Redis, key: str) -> None:
    limiter = Limiter(redis)
    first = await limiter.charge("price", key, 6, burst=10, per_second=0.5)
    assert first == Allowance(limit=10, remaining=4, reset_after_seconds=12, retry_after_seconds=0, allowed=True)
    refused = await limiter.charge("price", key, 6, burst=10, per_second=0.5)
    assert refused == Allowance(limit=10, remaining=4, reset_after_seconds=12, retry_after_seconds=4, allowed=False)
    assert (await limiter.charge("price", key, 4, burst=10, per_second=0.5)).allowed


async def test_a_bucket_refills_with_time_and_never_above_its_burst(redis: Redis, key: str) -> None:
    limiter = Limiter(redis)
    await limiter.charge("price", key, 10, burst=10, per_second=100)
    assert not (await limiter.charge("price", key, 9, burst=10, per_second=100)).allowed
    await asyncio.sleep(0.15)
    assert (await limiter.charge("price", key, 0, burst=10, per_second=100)).remaining == 10


async def test_buckets_are_apart_by_name_and_key(redis: Redis, key: str) -> None:
    limiter = Limiter(redis)
    await limiter.charge("price", key, 10, burst=10, per_second=0.1)
    assert (await limiter.charge("write", key, 10, burst=10, per_second=0.1)).allowed
    assert (await limiter.charge("price", next(keys), 10, burst=10, per_second=0.1)).allowed


async def test_processes_that_charge_at_once_share_one_bucket(redis: Redis, redis_url: str, key: str) -> None:
    async with patient(redis_url) as other:
        limiters = [Limiter(redis), Limiter(other)]
        charges = [limiters[n % 2].charge("price", key, 1, burst=20, per_second=0.01) for n in range(60)]
        assert sum(allowance.allowed for allowance in await asyncio.gather(*charges)) == 20


async def test_a_bucket_is_forgotten_once_it_would_be_full(redis: Redis, key: str) -> None:
    await Limiter(redis).charge("price", key, 5, burst=10, per_second=1.0)
    assert 5000 < await redis.pttl(f"starling:limit:price:{key}") <= 6000


async def test_the_script_survives_being_flushed(redis: Redis, key: str) -> None:
    limiter = Limiter(redis)
    await limiter.charge("price", key, 5, burst=10, per_second=0.01)
    await redis.script_flush()
    assert (await limiter.charge("price", key, 5, burst=10, per_second=0.01)).remaining == 0


async def test_require_says_when_to_come_back(redis: Redis, key: str) -> None:
    limiter = Limiter(redis)
    assert (await limiter.require("write", key, 60, burst=60, per_second=1.0)).remaining == 0
    with pytest.raises(RateLimited) as refusal:
        await limiter.require("write", key, 30, burst=60, per_second=1.0)
    assert refusal.value.retry_after == 30


async def test_without_redis_the_process_limits_alone() -> None:
    async with connect("redis://127.0.0.1:1") as nowhere:
        limiter = Limiter(nowhere)
        allowed = [(await limiter.charge("price", "a", 4, burst=10, per_second=0.1)).allowed for _ in range(3)]
        assert allowed == [True, True, False]
        assert (await limiter.charge("price", "b", 4, burst=10, per_second=0.1)).remaining == 6


async def test_a_silent_redis_costs_one_wait_and_not_one_per_request() -> None:
    async with Silence() as silence:
        limiter = Limiter(silence.client)
        started = time.monotonic()
        for _ in range(100):
            assert (await limiter.charge("price", "a", 1, burst=1000, per_second=1.0)).allowed
        assert in_time(time.monotonic() - started, 2 * patience.PATIENCE)
        assert silence.connections == 1


async def test_after_an_outage_one_request_tries_while_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Silence() as silence:
        limiter = Limiter(silence.client)
        monkeypatch.setattr(patience, "RETRY_SECONDS", 0.0)
        await limiter.charge("price", "a", 1, burst=1000, per_second=1.0)
        monkeypatch.setattr(patience, "RETRY_SECONDS", 60.0)
        before = silence.connections
        await asyncio.gather(*(limiter.charge("price", "a", 1, burst=1000, per_second=1.0) for _ in range(20)))
        assert silence.connections - before <= 1


async def test_redis_is_used_again_when_it_is_back(redis: Redis, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "RETRY_SECONDS", 0.0)
    async with connect("redis://127.0.0.1:1") as nowhere:
        limiter = Limiter(nowhere)
        await limiter.charge("price", key, 10, burst=10, per_second=0.01)
        limiter._spend.registered_client = redis
        assert (await limiter.charge("price", key, 10, burst=10, per_second=0.01)).allowed
        assert await redis.exists(f"starling:limit:price:{key}")


async def test_an_outage_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUCKETS", 5)
    async with connect("redis://127.0.0.1:1") as nowhere:
        limiter = Limiter(nowhere)
        for number in range(20):
            await limiter.charge("price", str(number), 1, burst=10, per_second=1.0)
        assert len(limiter._buckets) == 5


async def test_who_has_plenty_left_waits_for_redis_once_and_is_charged_all_the_same(redis: Redis, key: str) -> None:
    limiter = Limiter(redis)
    await limiter.charge("price", key, 1, burst=1000, per_second=0.01)
    spend, asked = limiter._spend, 0

    async def counted(*arguments):
        nonlocal asked
        asked += 1
        return await spend(*arguments)

    limiter._spend = counted
    for _ in range(100):
        allowance = await limiter.charge("price", key, 1, burst=1000, per_second=0.01)
    assert allowance.remaining == 899
    assert asked == 0
    await asyncio.sleep(3 * limits.TOLD_WITHIN)
    assert (await Limiter(redis).charge("price", key, 0, burst=1000, per_second=0.01)).remaining == 899


async def test_who_has_little_left_gets_no_more_than_that_from_any_process(redis: Redis, key: str) -> None:
    limiters = [Limiter(redis) for _ in range(4)]
    allowed = 0
    for number in range(400):
        allowed += (await limiters[number % 4].charge("price", key, 1, burst=200, per_second=0.01)).allowed
        await asyncio.sleep(0.001)
    assert allowed == 200


async def test_what_was_given_away_while_redis_was_away_is_not_charged_later(
    redis: Redis, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "RETRY_SECONDS", 0.0)
    async with connect("redis://127.0.0.1:1") as nowhere:
        limiter = Limiter(nowhere)
        await limiter.charge("price", key, 4, burst=10, per_second=0.01)
        limiter._spend.registered_client = redis
        assert (await limiter.charge("price", key, 0, burst=10, per_second=0.01)).remaining == 10
