"""Who is wrong again and again waits longer and longer; nobody makes others wait; and Redis may be away."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator

import pytest

from auth import attempts, captcha
from auth.attempts import Attempt
from core import patience
from core.errors import CaptchaRequired, NotSignedIn, RateLimited, Unavailable
from core.limits import Limiter
from core.redis import connect
from core.settings import settings
from tests.auth.test_captcha import solve

names = (f"{time.time_ns()}-{number}" for number in itertools.count())
AWAY = "redis://127.0.0.1:1"
NEAR, FAR = "192.0.2.1", "192.0.2.2"


@pytest.fixture(params=["redis", "away"])
async def limiter(
    request: pytest.FixtureRequest, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Limiter]:
    """With Redis, and without: what is promised is the same."""
    monkeypatch.setattr(patience, "PATIENCE", 10.0)
    monkeypatch.setattr(settings(), "attempts", 1.0)
    monkeypatch.setattr(captcha, "ITERATIONS", 1)
    async with connect(redis_url if request.param == "redis" else AWAY) as redis:
        yield Limiter(redis)


@pytest.fixture
def account() -> str:
    return next(names)


def solved() -> str:
    """A CAPTCHA's solution."""
    return solve(captcha.challenge().challenge or "")


async def wrong(limiter: Limiter, account: str, address: str | None = None, kind=Attempt.SIGN_IN, **more) -> str:
    """What becomes of a wrong attempt."""
    try:
        async with attempts.of(limiter, kind, account=account, address=address, **more):
            raise NotSignedIn
    except NotSignedIn:
        return "wrong"
    except CaptchaRequired:
        return "ask"
    except RateLimited as limited:
        return f"wait {limited.retry_after}"


async def right(limiter: Limiter, account: str, address: str | None = None, kind=Attempt.SIGN_IN, **more) -> None:
    async with attempts.of(limiter, kind, account=account, address=address, **more):
        pass


async def test_failures_are_free_then_need_a_captcha_then_wait(limiter: Limiter, account: str) -> None:
    assert [await wrong(limiter, account, NEAR) for _ in range(4)] == ["wrong"] * 3 + ["ask"]
    assert [await wrong(limiter, account, NEAR, captcha=solved()) for _ in range(6)] == ["wrong"] * 5 + ["wait 1"]


async def test_each_wait_is_twice_as_long_up_to_a_quarter_of_an_hour(limiter: Limiter, account: str) -> None:
    waits = []
    for _ in range(14):
        outcome = await wrong(limiter, account, kind=Attempt.SECOND_FACTOR)
        if outcome.startswith("wait"):
            waits.append(int(outcome.removeprefix("wait ")))
            await elapse(limiter)
            assert await wrong(limiter, account, kind=Attempt.SECOND_FACTOR) == "wrong"
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, *waits[9:]]
    for _ in range(3):
        await elapse(limiter)
        await wrong(limiter, account, kind=Attempt.SECOND_FACTOR)
    assert await wrong(limiter, account, kind=Attempt.SECOND_FACTOR) == "wait 900"


async def elapse(limiter: Limiter) -> None:
    """Let every wait be over."""
    for count in limiter.backoff._counts.values():
        count.wait_until = 0.0
    redis = limiter.backoff._try.registered_client
    try:
        async for key in redis.scan_iter("starling:attempts:*", count=1000):
            await redis.hset(key, "wait_until", 0)
    except patience.AWAY:
        pass


async def test_who_was_right_starts_anew(limiter: Limiter, account: str) -> None:
    for _ in range(3):
        assert [await wrong(limiter, account, NEAR) for _ in range(2)] == ["wrong"] * 2
        await right(limiter, account, NEAR)


async def test_who_was_right_starts_anew_wherever_they_are(limiter: Limiter, account: str) -> None:
    for _ in range(3):
        assert [await wrong(limiter, account, kind=Attempt.SECOND_FACTOR) for _ in range(4)] == ["wrong"] * 4
        await right(limiter, account, kind=Attempt.SECOND_FACTOR)


async def test_others_failures_keep_nobody_out_who_was_there_before(limiter: Limiter, account: str) -> None:
    await right(limiter, account, NEAR)
    for number in range(40):
        await wrong(limiter, account, f"198.51.100.{number}")
    assert await wrong(limiter, account, FAR) == "ask", "a stranger's address shares what strangers did"
    assert await wrong(limiter, account, NEAR) == "wrong"
    await right(limiter, account, NEAR)


async def test_who_solves_a_captcha_is_not_kept_out_by_others(limiter: Limiter, account: str) -> None:
    for number in range(40):
        await wrong(limiter, account, f"198.51.100.{number}")
    assert await wrong(limiter, account, FAR) == "ask"
    await right(limiter, account, FAR, captcha=solved())
    assert await wrong(limiter, account, FAR) == "wrong", "and is known from then on"


async def test_many_at_once_are_as_many_as_one_after_another(limiter: Limiter, account: str) -> None:
    outcomes = await asyncio.gather(*(wrong(limiter, account, kind=Attempt.SECOND_FACTOR) for _ in range(20)))
    assert outcomes.count("wrong") == 5


async def test_an_address_that_tries_many_accounts_waits_and_being_right_in_between_is_no_excuse(
    limiter: Limiter,
) -> None:
    address, mine = next(names), next(names)
    for _ in range(49):
        assert await wrong(limiter, next(names), address, Attempt.SECOND_FACTOR) == "wrong"
        await right(limiter, mine, address, Attempt.SECOND_FACTOR)
    assert await wrong(limiter, next(names), address, Attempt.SECOND_FACTOR) == "wrong"
    assert await wrong(limiter, next(names), address, Attempt.SECOND_FACTOR) == "wait 1"


async def test_an_ipv6_network_is_one_address(limiter: Limiter) -> None:
    block = f"2001:db8:{time.time_ns() % 65536:x}:{next(itertools.count())}"
    outcomes = [await wrong(limiter, next(names), f"{block}::{n:x}", Attempt.SECOND_FACTOR) for n in range(1, 60)]
    assert outcomes.count("wrong") == 50


async def test_what_costs_is_not_given_back(limiter: Limiter, account: str) -> None:
    for _ in range(3):
        await right(limiter, account, kind=Attempt.LETTER)
    assert await wrong(limiter, account, kind=Attempt.LETTER) == "wait 60"


async def test_what_was_unavailable_was_not_tried(limiter: Limiter, account: str) -> None:
    for _ in range(10):
        with pytest.raises(Unavailable):
            async with attempts.of(limiter, Attempt.SECOND_FACTOR, account=account, address=NEAR):
                raise Unavailable("database")
    assert await wrong(limiter, account, NEAR, Attempt.SECOND_FACTOR) == "wrong"


async def test_a_failure_need_not_be_raised(limiter: Limiter, account: str) -> None:
    for _ in range(5):
        async with attempts.of(limiter, Attempt.SECOND_FACTOR, account=account) as attempt:
            attempt.fail()
    assert await wrong(limiter, account, kind=Attempt.SECOND_FACTOR) == "wait 1"


async def test_a_refusal_at_the_account_costs_the_address_nothing(limiter: Limiter, account: str) -> None:
    address = next(names)
    for _ in range(5):
        await wrong(limiter, account, address, Attempt.SECOND_FACTOR)
    for _ in range(60):
        assert (await wrong(limiter, account, address, Attempt.SECOND_FACTOR)).startswith("wait")
    assert await wrong(limiter, next(names), address, Attempt.SECOND_FACTOR) == "wrong"


async def test_processes_share_what_they_count_and_redis_forgets_it(redis_url: str, account: str, monkeypatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 10.0)
    monkeypatch.setattr(settings(), "attempts", 1.0)
    async with connect(redis_url) as one, connect(redis_url) as other:
        limiters = Limiter(one), Limiter(other)
        outcomes = [await wrong(limiters[n % 2], account, kind=Attempt.SECOND_FACTOR) for n in range(6)]
        assert outcomes == ["wrong"] * 5 + ["wait 1"]
        key = attempts._key(Attempt.SECOND_FACTOR, "account", account)
        assert account not in key, "a key tells nobody who it is about"
        assert 3_590_000 < await one.pttl(key) < 3_602_000
