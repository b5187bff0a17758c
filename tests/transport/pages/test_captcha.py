"""Pages ask for a CAPTCHA where the server demands one, and bring along what it takes."""

import json
import re
from html import unescape

import pytest
from pydantic import SecretStr

from auth.attempts import RULES, Attempt
from core.settings import settings
from tests.api import PASSWORD, Api
from tests.auth.test_captcha import account, provider, solve
from tests.transport.pages.browser import ORIGIN, Browser, hidden

pytestmark = pytest.mark.usefixtures("strict")
OTHERS = {
    "hcaptcha": ("h-captcha", "https://js.hcaptcha.com/1/api.js", "https://hcaptcha.com https://*.hcaptcha.com"),
    "turnstile": (
        "cf-turnstile",
        "https://challenges.cloudflare.com/turnstile/v0/api.js",
        "https://challenges.cloudflare.com",
    ),
}


@pytest.fixture
async def stranger(app):
    """A client at an address of its own."""
    async with Api.of(app) as api:
        yield api


@pytest.fixture
def browser(stranger):
    return Browser(stranger.http)


@pytest.fixture
async def ada(stranger):
    return await stranger.sign_up()


@pytest.fixture
async def asked(browser, ada):
    """The page that somebody gets who has failed too often at an account."""
    for _ in range(RULES[Attempt.SIGN_IN].account.asks):
        assert (await browser.sign_in(ada.handle, "wrong")).status_code == 401
    return await browser.sign_in(ada.handle)


def solution_of(page) -> str:
    challenge = re.search(r'data-captcha="([^"]+)"', page.text)
    assert challenge
    return solve(unescape(challenge[1]))


def policy_of(page) -> dict[str, str]:
    return dict(each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";"))


async def test_who_failed_too_often_is_let_in_with_a_solution(browser, ada, asked):
    assert asked.status_code == 401
    assert "many tries" in asked.text
    assert "/pages/captcha.js" in asked.text
    assert "wait for an hour" in asked.text
    wrong = await browser.sign_in(ada.handle, "wrong", captcha=solution_of(asked))
    assert "Wrong handle" in wrong.text
    assert (await browser.sign_in(ada.handle, captcha=solution_of(asked))).status_code == 401, "it was used up"
    right = await browser.sign_in(ada.handle, captcha=solution_of(wrong))
    assert (right.status_code, right.headers["location"]) == (303, "/account")


async def test_nobody_is_asked_who_did_not_fail(browser, ada):
    for path in ("/sign-in", "/sign-up"):
        assert "captcha" not in (await browser.http.get(path)).text
    assert "captcha" not in (await browser.sign_in(ada.handle, "wrong")).text


async def test_signing_up_often_takes_a_solution_and_keeps_what_was_typed(browser):
    for _ in range(RULES[Attempt.SIGN_UP].address.asks):
        assert (await browser.send("/sign-up", **account())).status_code == 303
        browser.http.cookies.clear()
    newcomer = account()
    asked = await browser.send("/sign-up", **newcomer)
    assert f'value="{newcomer["handle"]}"' in asked.text
    assert PASSWORD not in asked.text
    solution = {"captcha": solution_of(asked)}
    taken = await browser.send("/sign-up", **newcomer | {"password": "short"} | solution)
    assert (taken.status_code, "data-captcha" in taken.text) == (400, True)
    done = await browser.http.post("/sign-up", data=hidden(taken.text) | newcomer | solution, headers=ORIGIN)
    assert done.status_code == 303


@pytest.mark.parametrize("other", OTHERS)
async def test_anothers_widget_is_loaded_and_nothing_else(browser, ada, asked, monkeypatch, other):
    for name, value in (("captcha", other), ("captcha_site_key", "a-key"), ("captcha_secret", SecretStr("-"))):
        monkeypatch.setattr(settings(), name, value)
    page = await browser.sign_in(ada.handle)
    mark, script, sources = OTHERS[other]
    assert f'<div class="{mark}" data-sitekey="a-key"></div>' in page.text
    assert f'<script src="{script}" async defer></script>' in page.text
    assert "/pages/captcha.js" not in page.text
    policy = policy_of(page)
    assert policy["script-src"] == f"'self' {sources}"
    assert policy["frame-src"] == sources
    more = f" {sources}" if other == "hcaptcha" else ""
    assert policy["style-src"] == policy["connect-src"] == f"'self'{more}"
    assert policy["frame-ancestors"] == policy["default-src"] == "'none'"
    assert sources not in json.dumps(dict((await browser.http.get("/sign-in")).headers))


@pytest.mark.parametrize("other", OTHERS)
async def test_what_anothers_widget_adds_to_the_form_is_verified(browser, ada, asked, monkeypatch, other):
    field, seen = f"{OTHERS[other][0]}-response", []
    monkeypatch.setattr(settings(), "captcha", other)
    for said, status in ((b'{"success": false}', 401), (b'{"success": true}', 303)):
        async with provider(said, seen) as url:
            monkeypatch.setattr(settings(), "captcha_verify_url", url)
            token = f"{other} {said!r} {ada.handle}"
            assert (await browser.sign_in(ada.handle, **{field: token})).status_code == status
            assert seen[-1]["response"] == [token]
