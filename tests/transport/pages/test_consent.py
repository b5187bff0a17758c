"""What people are asked before an app may act for them: by whom, for what, and they may lend less."""

from urllib.parse import parse_qs, urlsplit

import pytest

from core.database import Database
from tests.api import Api
from tests.auth.oauth.client import CALLBACK, App
from tests.transport.pages.browser import ELSEWHERE, ORIGIN, hidden

WANTED = "profile:read posts:read offline_access"


@pytest.fixture
async def sketchbook(db: Database, api: Api) -> App:
    return await App.make(db, api.http, auth_method="none")


def asking(app: App, **changes: str) -> str:
    """Where an app sends people."""
    return f"/oauth/authorize?{app.query(scope=WANTED, **changes)}"


def told(answer) -> dict[str, str]:
    """What the app is told."""
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def answer(browser, path: str, *scopes: str, to: str | None = None, answer: str = "allow", headers=ORIGIN):
    page = await browser.http.get(path)
    sent = hidden(page.text) | {f"scope {scope}": "on" for scope in scopes} | {"answer": answer}
    return await browser.http.post(to or path, data=sent, headers=headers)


async def test_who_is_signed_out_signs_in_first_and_comes_back(browser, sketchbook, ada):
    path = asking(sketchbook)
    page = await browser.http.get(path)
    assert page.headers["location"].startswith("/sign-in?next=")
    signed_in = await browser.sign_in(ada.handle, path=page.headers["location"])
    assert signed_in.headers["location"] == path


async def test_what_was_pushed_survives_a_sign_in_and_a_reload_and_is_answered_once(browser, sketchbook, ada):
    path = f"/oauth/authorize?{await sketchbook.pushed(scope=WANTED)}"
    further = (await browser.http.get(path)).headers["location"]
    assert (await browser.http.get(path)).status_code == 400
    page = await browser.http.get(further)
    assert page.headers["location"].startswith("/sign-in?next=")
    signed_in = await browser.sign_in(ada.handle, path=page.headers["location"])
    assert signed_in.headers["location"] == further
    for _ in range(2):
        page = await browser.http.get(further)
        assert "Allow An app?" in page.text
        assert "some state" not in page.text
    code = told(await answer(browser, further, "profile:read"))["code"]
    assert (await sketchbook.redeem(code)).json()["scope"] == "profile:read"
    assert (await browser.http.get(further)).status_code == 400


async def test_a_person_is_told_by_whom_for_what_and_where_they_go_on_to(browser, sketchbook, ada):
    await browser.sign_in(ada.handle)
    page = await browser.http.get(asking(sketchbook))
    for shown in (
        "Allow An app?",
        "<bdi>An app</bdi>",
        f"@{ada.handle}",
        "See profiles, yours included",
        "app.example",
        "at any time",
    ):
        assert shown in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://app.example;" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


async def test_a_person_may_lend_less_than_is_asked_for(browser, sketchbook, ada):
    await browser.sign_in(ada.handle)
    code = told(await answer(browser, asking(sketchbook), "profile:read"))["code"]
    tokens = (await sketchbook.redeem(code)).json()
    assert tokens["scope"] == "profile:read"


@pytest.mark.parametrize(("scopes", "said"), [((), "allow"), (("profile:read",), "deny")], ids=["nothing", "denied"])
async def test_who_lends_nothing_is_sent_back_without_a_code(browser, sketchbook, ada, scopes, said):
    await browser.sign_in(ada.handle)
    answers = told(await answer(browser, asking(sketchbook), *scopes, answer=said))
    assert answers["error"] == "access_denied"
    assert {"state", "iss"} <= answers.keys()
    assert "code" not in answers


async def test_who_is_to_sign_in_anew_agrees_only_once_they_have(browser, sketchbook, ada):
    await browser.sign_in(ada.handle)
    path = asking(sketchbook, prompt="login")
    assert told(await answer(browser, "/account", "profile:read", to=path))["error"] == "login_required"
    asked = (await browser.http.get(path)).headers["location"]
    back = (await browser.sign_in(ada.handle, path=asked)).headers["location"]
    assert back.startswith("/oauth/authorize?")
    assert "code" in told(await answer(browser, back, "profile:read"))


async def test_another_site_cannot_agree_for_a_person_and_leaves_no_trace(browser, sketchbook, ada, rows):
    await browser.sign_in(ada.handle)
    before = await rows()
    refused = await answer(browser, asking(sketchbook), "profile:read", headers=ELSEWHERE)
    assert refused.status_code == 403
    assert await rows() == before


async def test_a_request_of_an_unknown_app_sends_nobody_anywhere(browser, sketchbook, ada):
    await browser.sign_in(ada.handle)
    for wrong in ({"client_id": "app_1"}, {"redirect_uri": "https://evil.example/"}):
        page = await browser.http.get(asking(sketchbook, **wrong))
        assert page.status_code == 400
        assert "location" not in page.headers


async def test_a_device_with_an_unknown_code_is_not_let_in(browser, ada):
    await browser.sign_in(ada.handle)
    page = await browser.http.get("/oauth/device", params={"user_code": "BCDF-GHJK"})
    assert page.status_code == 404
    assert "No device waits with this code" in page.text


async def test_a_person_takes_back_what_they_lent(browser, sketchbook, ada):
    await browser.sign_in(ada.handle)
    code = told(await answer(browser, asking(sketchbook), "profile:read"))["code"]
    tokens = (await sketchbook.redeem(code)).json()
    page = (await browser.http.get("/account/apps")).text
    assert "An app" in page
    assert "See profiles, yours included" in page
    assert (await browser.send("/account/apps")).headers["location"] == "/account/apps?done"
    assert "You let no app act for you." in (await browser.http.get("/account/apps")).text
    await browser.is_void(tokens["access_token"])


async def test_nobody_takes_back_what_somebody_else_lent(api, browser, sketchbook, ada):
    await browser.sign_in(ada.handle)
    told(await answer(browser, asking(sketchbook), "profile:read"))
    app = (await browser.form("/account/apps"))["app"]
    other = await api.sign_up()
    browser.http.cookies.clear()
    await browser.sign_in(other.handle)
    await browser.send("/account", "/account/apps", app=app)
    browser.http.cookies.clear()
    await browser.sign_in(ada.handle)
    assert "An app" in (await browser.http.get("/account/apps")).text
