"""A CAPTCHA is asked for after many sign-ups or failures, is solved by work or by another's word, and is good once."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from urllib.parse import parse_qs

import pytest
from altcha import Challenge, Payload, solve_challenge
from pydantic import SecretStr
from starlette.applications import Starlette

from auth import captcha
from auth.attempts import RULES, Attempt
from core.errors import CaptchaRequired, Unavailable
from core.limits import Limiter
from core.settings import settings
from tests.api import PASSWORD, Api, Person

CREATE = """mutation { createCaptchaChallenge { ... on CreateCaptchaChallengeSuccess {
  challenge { provider siteKey challenge } } ... on Error { code } } }"""
numbers = count(1)


@pytest.fixture
async def stranger(app: Starlette) -> AsyncIterator[Api]:
    """A client at an address of its own."""
    async with Api.of(app) as client:
        yield client


def solve(challenge: str) -> str:
    """What a browser does."""
    parsed = Challenge.from_dict(json.loads(challenge))
    solution = solve_challenge(parsed)
    assert solution
    return Payload(parsed, solution).to_base64()


async def solution_of(api: Api) -> str:
    made = (await api(CREATE))["createCaptchaChallenge"]["challenge"]
    assert (made["provider"], made["siteKey"]) == ("ALTCHA", None)
    return solve(made["challenge"])


def account() -> dict[str, str]:
    handle = f"solver_{next(numbers)}"
    return {"handle": handle, "name": "S", "email": f"{handle}@example.org", "password": PASSWORD}


async def test_sign_up_asks_after_ten_from_an_address(strict, stranger: Api, rows) -> None:
    for _ in range(RULES[Attempt.SIGN_UP].address.asks):
        assert (await stranger.mutate("signUp", **account()))["__typename"] == "SignUpSuccess"
    before = await rows()
    refused = await stranger.mutate("signUp", **account())
    assert refused["code"] == "CAPTCHA_REQUIRED"
    assert "captcha" in refused["message"]
    assert await rows() == before
    good = await solution_of(stranger)
    assert (await stranger.mutate("signUp", **account(), captcha=good))["__typename"] == "SignUpSuccess"
    assert (await stranger.mutate("signUp", **account(), captcha=good))["code"] == "CAPTCHA_REQUIRED"


async def test_sign_in_asks_after_three_failures(strict, api: Api, stranger: Api) -> None:
    ada = await stranger.sign_up()
    for _ in range(RULES[Attempt.SIGN_IN].account.asks):
        assert (await stranger.mutate("signIn", login=ada.handle, password="wrong"))["code"] == "NOT_SIGNED_IN"
    for password in ("wrong", PASSWORD):
        refused = await stranger.mutate("signIn", login=ada.handle, password=password)
        assert refused["code"] == "CAPTCHA_REQUIRED"
    solved = await stranger.mutate("signIn", login=ada.handle, password=PASSWORD, captcha=await solution_of(stranger))
    assert solved["__typename"] == "SignInSuccess"
    assert (await stranger.mutate("signIn", login=ada.handle, password=PASSWORD))["__typename"] == "SignInSuccess"


async def test_who_fails_on_waits_for_so_long(strict, stranger: Api) -> None:
    ada = await stranger.sign_up()
    answers = [
        await stranger.mutate(
            "signIn",
            login=ada.handle,
            password="wrong",
            captcha=await solution_of(stranger),
        )
        for _ in range(6)
    ]
    assert [answer["code"] for answer in answers] == ["NOT_SIGNED_IN"] * 5 + ["RATE_LIMITED"]


async def test_a_solution_is_good_once_however_it_is_written(strict, limiter: Limiter) -> None:
    challenge = captcha.challenge().challenge
    assert challenge
    good = solve(challenge)
    payload = json.loads(b64decode(good))
    rewritten = b64encode(json.dumps(payload | {"more": 1}, indent=1).encode()).decode()
    assert await captcha.is_solved(limiter, good, "192.0.2.1")
    for again in (good, rewritten, solve(challenge)):
        with pytest.raises(CaptchaRequired):
            await captcha.is_solved(limiter, again, "192.0.2.1")


async def test_at_once_it_is_good_once(strict, limiter: Limiter) -> None:
    good = solve(captcha.challenge().challenge or "")
    tries = await asyncio.gather(
        *(captcha.is_solved(limiter, good, "192.0.2.1") for _ in range(20)), return_exceptions=True
    )
    assert tries.count(True) == 1


async def test_what_solves_nothing_is_refused(strict, limiter: Limiter, monkeypatch: pytest.MonkeyPatch) -> None:
    good = json.loads(b64decode(solve(captcha.challenge().challenge or "")))

    def changed(**parameters: object) -> str:
        challenge = good["challenge"]
        return encoded(good | {"challenge": challenge | {"parameters": challenge["parameters"] | parameters}})

    def encoded(payload: object) -> str:
        return b64encode(json.dumps(payload).encode()).decode()

    bad = [
        "x", "€", "e30=", "[]", encoded([]), encoded({"challenge": 1, "solution": 2}), "A" * 20_000,
        changed(keyPrefix=""), changed(expiresAt=2**40), changed(cost=0), changed(algorithm="?"),
        encoded(good | {"solution": good["solution"] | {"counter": -1}}),
        encoded(good | {"solution": good["solution"] | {"derivedKey": "00" * 32}}),
    ]  # fmt: skip
    monkeypatch.setattr(captcha, "GOOD_FOR", -1)
    bad.append(solve(captcha.challenge().challenge or ""))
    monkeypatch.setattr(settings(), "secret", SecretStr("another secret"))
    bad.append(solve(captcha.challenge().challenge or ""))
    monkeypatch.undo()
    for solution in bad:
        with pytest.raises(CaptchaRequired):
            await captcha.is_solved(limiter, solution, "192.0.2.1")


@asynccontextmanager
async def provider(answer: bytes, seen: list[dict]) -> AsyncIterator[str]:
    """hCaptcha or Turnstile, on loopback."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        seen.append(parse_qs((await reader.readexactly(length)).decode()))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer if answer else b"")
        await writer.drain()
        if not answer:
            await asyncio.sleep(5)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/siteverify"


@pytest.fixture(params=["hcaptcha", "turnstile"])
def foreign(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {"captcha": request.param, "captcha_site_key": "site", "captcha_secret": SecretStr("s")}.items():
        monkeypatch.setattr(settings(), name, value)
    return request.param


async def test_another_provider_is_asked(foreign: str, limiter: Limiter, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict] = []
    assert captcha.challenge() == (foreign, "site", None)
    for number, (answer, good) in enumerate(
        {b'{"success": true}': True, b'{"success": false}': False, b"[]": False}.items()
    ):
        token = f"{foreign}-{number}-{next(numbers)}-{id(limiter)}"
        async with provider(answer, seen) as url:
            monkeypatch.setattr(settings(), "captcha_verify_url", url)
            if good:
                assert await captcha.is_solved(limiter, token, "192.0.2.1")
            for _ in range(2):
                with pytest.raises(CaptchaRequired):
                    await captcha.is_solved(limiter, token, "192.0.2.1")
        assert seen[-1] == {"secret": ["s"], "response": [token], "remoteip": ["192.0.2.1"]}


async def test_a_provider_that_is_away_or_silent_is_unavailable(
    foreign: str, limiter: Limiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captcha, "PATIENCE", 0.2)
    async with provider(b"", []) as silent, provider(b"no JSON", []) as confused:
        for url in (silent, confused, "http://127.0.0.1:1/siteverify"):
            monkeypatch.setattr(settings(), "captcha_verify_url", url)
            with pytest.raises(Unavailable):
                await captcha.is_solved(limiter, "token", "192.0.2.1")


async def test_without_captchas_none_is_asked_for(strict, stranger: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "captcha", "none")
    ada: Person = await stranger.sign_up()
    codes = [(await stranger.mutate("signIn", login=ada.handle, password="wrong"))["code"] for _ in range(6)]
    assert codes == ["NOT_SIGNED_IN"] * 5 + ["RATE_LIMITED"]
