"""Signing in and out by pages and by `/session`: a cookie, that no other site can make or use."""

import re

import pytest

from auth.attempts import RULES, Attempt
from core.settings import Settings, settings
from tests.api import PASSWORD, Api
from tests.auth.test_factors import turn_on
from tests.transport.pages.browser import ELSEWHERE, ORIGIN, WHO, Browser, hidden
from transport.cookies import Cookies


async def test_a_page_signs_in_with_a_cookie_that_scripts_cannot_read(browser, ada):
    answer = await browser.sign_in(ada.handle)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert re.fullmatch(
        r"starling-session=[\w-]{43}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax", answer.headers["set-cookie"]
    )
    assert f"@{ada.handle}" in (await browser.http.get("/account")).text


def test_in_production_a_cookie_is_bound_to_the_host_and_to_https():
    cookies = Cookies(Settings(env="production"))
    assert cookies.session == "__Host-starling-session"
    assert not cookies.is_ours({"origin": "http://starling.test", "host": "starling.test"})
    assert cookies.is_ours({"origin": "https://starling.test", "host": "starling.test"})


async def test_graphql_takes_the_cookie_from_pages_of_ours_only(browser, ada):
    await browser.sign_in(ada.handle)
    assert await browser.who(**ORIGIN) == ada.handle
    assert await browser.who(**ORIGIN, **{"sec-fetch-site": "same-origin"}) == ada.handle
    for headers in (ELSEWHERE, {"origin": "null"}, {"sec-fetch-site": "same-site"}, {}, {"origin": "http://[bad"}):
        assert await browser.who(**headers) is None


async def test_a_bearer_wins_over_a_cookie(api, browser, ada):
    bob = await api.sign_up()
    await browser.sign_in(ada.handle)
    assert await browser.who(**ORIGIN, authorization=f"Bearer {bob.token}") == bob.handle


async def test_a_wrong_password_shows_the_form_with_the_name_but_not_the_password(browser, ada, rows):
    answer = await browser.sign_in(ada.handle, "not the right one")
    assert answer.status_code == 401
    assert f'value="{ada.handle}"' in answer.text
    assert 'role="alert"' in answer.text
    assert "not the right one" not in answer.text
    assert "starling-session" not in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
@pytest.mark.parametrize("headers", [ELSEWHERE, {"origin": "null"}, {"origin": "http://starling.test:81"}])
async def test_another_site_cannot_send_a_form_and_leaves_no_trace(browser, ada, rows, path, headers):
    await browser.sign_in(ada.handle)
    sent = await browser.form("/sign-in") | {"login": ada.handle, "password": PASSWORD}
    before = await rows()
    answer = await browser.http.post(path, data=sent, headers=headers)
    assert answer.status_code == 403
    assert "starling-session" not in answer.headers["set-cookie"]
    assert await rows() == before
    assert await browser.who(**ORIGIN) == ada.handle


async def test_nobody_is_signed_in_by_a_form_that_their_browser_was_not_given(browser, ada):
    theirs = await browser.form("/sign-in")
    browser.http.cookies.clear()
    await browser.form("/sign-in")
    answer = await browser.sign_in(ada.handle, token=theirs["token"])
    assert answer.status_code == 403
    assert 'href="/sign-in"' in answer.text


async def test_signing_in_gives_a_new_secret_and_ends_the_old_session(browser, ada):
    await browser.sign_in(ada.handle)
    first = browser.http.cookies["starling-session"]
    old_form = await browser.form("/sign-in")
    await browser.sign_in(ada.handle)
    second = browser.http.cookies["starling-session"]
    assert first != second
    assert (await browser.http.post("/sign-out", data=old_form, headers=ORIGIN)).status_code == 403
    assert await browser.who(**ORIGIN) == ada.handle
    await browser.is_over(first)


async def test_a_secret_that_was_planted_is_not_taken_over(browser, ada):
    browser.http.cookies.set("starling-session", "planted")
    answer = await browser.sign_in(ada.handle)
    assert "starling-session=planted" not in answer.headers["set-cookie"]
    assert await browser.who(**ORIGIN, cookie="starling-session=planted") is None


async def test_signing_out_ends_the_session_and_not_just_the_cookie(browser, ada):
    await browser.sign_in(ada.handle)
    secret = browser.http.cookies["starling-session"]
    form = await browser.form("/account")
    answer = await browser.http.post("/sign-out", data=form, headers=ORIGIN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "starling-session" not in browser.http.cookies
    await browser.is_over(secret)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/device?code=A", "/device?code=A"),
        ("//evil.example", "/account"),
        ("/\\evil.example", "/account"),
        ("https://evil.example", "/account"),
        ("/\t/evil.example", "/account"),
        ("javascript:alert(1)", "/account"),
        ("", "/account"),
    ],
)
async def test_one_goes_on_at_this_origin_only(browser, ada, asked, given):
    answer = await browser.sign_in(ada.handle, next=asked)
    assert answer.headers["location"] == given


async def test_who_is_signed_out_is_asked_to_sign_in_and_comes_back(browser):
    answer = await browser.http.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/account")
    assert 'name="next" value="/account"' in (await browser.http.get(answer.headers["location"])).text


@pytest.mark.parametrize(("path", "scripts"), [("/sign-in", "'self'"), ("/sign-up", None), ("/account", None)])
async def test_a_page_runs_no_script_but_ours_is_never_framed_and_never_kept(browser, ada, path, scripts):
    await browser.sign_in(ada.handle)
    headers = (await browser.http.get(path)).headers
    policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy.get("script-src") == policy.get("connect-src") == scripts
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/account/factors/begin", "/account/factors"),
        ("/account/factors/passkeys", "/account/factors"),
        ("/sign-in/code", "/sign-in"),
        ("/sign-up/with", "/sign-up"),
        ("/oauth/device?user_code=A", "/oauth/device?user_code=A"),
    ],
)
async def test_one_goes_back_from_a_form_to_a_page_that_has_it(browser, path, back):
    late = await browser.http.post(path, data={"token": ""}, headers=ORIGIN)
    assert late.status_code == 403
    assert f'href="{back}"' in late.text
    assert (await browser.http.get(back)).status_code in (200, 303)


async def test_whose_session_has_ended_comes_back_to_the_page_and_not_to_where_its_form_went(browser, ada):
    await browser.sign_in(ada.handle)
    browser.http.cookies.delete("starling-session")
    form = await browser.form("/sign-in")
    for path in ("/account/factors/begin", "/account/factors/passkeys/options"):
        sent = await browser.http.post(path, data=form, headers=ORIGIN)
        assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=/account/factors")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"x" * 70_000}, 413),
        ({"content": b"\xff"}, 400),
        ({"content": b"&".join([b"a=1"] * 300)}, 400),
        ({"files": {"login": b"x"}}, 415),
    ],
)
async def test_what_is_no_form_is_refused_in_a_page(browser, sent, status):
    form = {} if "files" in sent else {"content-type": "application/x-www-form-urlencoded"}
    answer = await browser.http.post("/sign-in", **sent, headers=ORIGIN | form)
    assert answer.status_code == status
    assert "<main>" in answer.text


async def test_the_explorer_signs_in_and_out_by_json(browser, ada):
    credentials = {"login": ada.handle, "password": PASSWORD}
    assert (await browser.http.post("/session", json=credentials, headers=ORIGIN)).status_code == 204
    assert await browser.who(**ORIGIN) == ada.handle
    secret = browser.http.cookies["starling-session"]
    assert (await browser.http.delete("/session", headers=ORIGIN)).status_code == 204
    assert await browser.who(**ORIGIN) is None
    await browser.is_over(secret)


@pytest.mark.parametrize("headers", [ELSEWHERE, {}, {"sec-fetch-site": "same-site"}])
async def test_no_other_page_signs_in_or_out_by_json_and_leaves_no_trace(browser, ada, rows, headers):
    await browser.sign_in(ada.handle)
    before = await rows()
    credentials = {"login": ada.handle, "password": PASSWORD}
    assert (await browser.http.post("/session", json=credentials, headers=headers)).status_code == 403
    assert (await browser.http.delete("/session", headers=headers)).status_code == 403
    assert await rows() == before


@pytest.mark.parametrize(
    "sent",
    [{}, [], {"login": 1, "password": "x"}, {"login": "x"}, {"challenge": "x"}, {"challenge": "x", "password": "x"}],
)
async def test_json_that_is_no_sign_in_is_refused(browser, sent):
    assert (await browser.http.post("/session", json=sent, headers=ORIGIN)).status_code == 400


async def test_who_has_an_authenticator_app_shows_its_code_after_the_password(api, browser, ada):
    app, _ = await turn_on(api, ada)
    asked = await browser.sign_in(ada.handle, next="/device")
    assert "starling-session" not in asked.headers["set-cookie"]
    form = hidden(asked.text)
    wrong = await browser.http.post("/sign-in/code", data=form | {"code": app.wrong()}, headers=ORIGIN)
    assert wrong.status_code == 401
    right = await browser.http.post("/sign-in/code", data=hidden(wrong.text) | {"code": app.code()}, headers=ORIGIN)
    assert (right.status_code, right.headers["location"]) == (303, "/device")
    assert await browser.who(**ORIGIN) == ada.handle


async def test_the_explorer_takes_a_code_from_who_has_an_authenticator_app(api, browser, ada):
    app, _ = await turn_on(api, ada)

    async def send(**sent: str):
        return await browser.http.post("/session", json=sent, headers=ORIGIN)

    asked = await send(login=ada.handle, password=PASSWORD)
    assert asked.status_code == 401
    challenge = asked.json()["challenge"]
    assert (await send(challenge=challenge, code=app.wrong())).status_code == 401
    assert await browser.who(**ORIGIN) is None
    assert (await send(challenge=challenge, code=app.code())).status_code == 204
    assert await browser.who(**ORIGIN) == ada.handle


async def test_the_explorer_sends_who_failed_too_often_to_the_page(app, strict):
    async with Api.of(app) as stranger:
        ada = await stranger.sign_up()
        wrong = {"login": ada.handle, "password": "wrong"}
        for _ in range(RULES[Attempt.SIGN_IN].account.asks + 1):
            answer = await stranger.http.post("/session", json=wrong, headers=ORIGIN)
    assert answer.status_code == 401
    assert "/sign-in" in answer.json()["message"]


async def test_a_cookies_secret_is_no_bearer(browser, ada):
    await browser.sign_in(ada.handle)
    assert await browser.who(**ORIGIN) == ada.handle
    secret = browser.http.cookies["starling-session"]
    answer = await browser.http.post("/graphql", json={"query": WHO}, headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


async def test_who_sends_form_after_form_waits_and_leaves_no_trace(app, ada, rows, monkeypatch):
    monkeypatch.setattr(settings(), "write_burst", 3)
    monkeypatch.setattr(settings(), "write_per_second", 0.001)
    async with Api.of(app) as api:
        browser, weak = (
            Browser(api.http),
            {"handle": "newcomer", "name": "N", "email": "n@example.org", "password": "password"},
        )
        answers = [await browser.send("/sign-up", **weak) for _ in range(3)]
        assert [each.status_code for each in answers] == [400] * 3
        before = await rows()
        answer = await browser.sign_in(ada.handle)
        assert answer.status_code == 429
        assert 'href="/sign-in"' in answer.text
        assert await rows() == before
