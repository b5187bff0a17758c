"""One Starling lets people in by another: two programs, two databases, and nothing between them but the protocol."""

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx2 import AsyncClient
from pydantic import SecretStr

from auth.external.providers import OpenID
from core.providers import OpenIDProvider
from core.settings import settings
from tests.api import PASSWORD, Api
from tests.factories import sql
from tests.providers import ID, SECRET, Provider, serving
from tests.transport.pages.browser import ORIGIN, hidden

HERE = "/sign-in/with/{}/callback"


@pytest.fixture
async def web():
    """The browser as far as the other Starling, and a provider that isn't to be trusted, see it."""
    async with AsyncClient(timeout=20) as web:
        yield web


@pytest.fixture
async def other(server, app, web, monkeypatch):
    """The other Starling's address, where we registered as an app: a provider beside one that isn't to be trusted."""
    asked = {"client_name": "Ours", "redirect_uris": [settings().origin + HERE.format("other")]}
    known = (await web.post(f"{server}/oauth/register", json=asked | {"scope": "openid profile email"})).json()
    async with serving(Provider()) as evil:
        monkeypatch.setattr(OpenID, "_known", {})
        ours = OpenIDProvider(
            name="other", issuer=server, client_id=known["client_id"], client_secret=SecretStr(known["client_secret"])
        )
        theirs = OpenIDProvider(name="evil", issuer=evil.origin, client_id=ID, client_secret=SecretStr(SECRET))
        monkeypatch.setattr(settings(), "sign_in_with", (ours, theirs))
        yield server, evil


@pytest.fixture
async def grace(server, web):
    """Somebody of the other Starling's, signed in there."""
    async with AsyncClient(base_url=server, timeout=20) as http:
        person = await Api(http).sign_up(f"grace_{time.time_ns() % 10**9}", "Grace")
    given = {"login": person.handle, "password": PASSWORD}
    assert (await web.post(f"{server}/session", json=given, headers={"origin": server})).status_code == 204
    return person


async def asked(browser, name: str = "other") -> str:
    """Where the browser is sent that wants to sign in."""
    sent = await browser.http.get(f"/sign-in/with/{name}")
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


async def agreed(web, server: str, address: str) -> str:
    """Where the other Starling sends a browser whose person agrees, or has agreed before: a path of ours."""
    page = await web.get(address)
    if page.status_code == 200:
        given = {f"scope {scope}": "on" for scope in ("openid", "profile", "email")} | {"answer": "allow"}
        page = await web.post(address, data=hidden(page.text) | given, headers={"origin": server})
    assert page.status_code == 303, page.text
    return page.headers["location"].removeprefix(settings().origin)


def parts(address: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}


async def test_somebody_of_another_starling_joins_and_comes_back(browser, other, web, grace, db):
    server, _ = other
    address = await asked(browser)
    assert {"state", "nonce", "code_challenge"} <= parts(address).keys()
    back = await agreed(web, server, address)
    assert parts(back)["iss"] == server
    page = await browser.http.get(back)
    assert "Welcome to Starling" in page.text
    handle = f"{grace.handle}_too"
    given = hidden(page.text) | {"handle": handle, "name": "Grace", "email": f"{handle}@example.org"}
    assert (await browser.http.post("/sign-up/with", data=given, headers=ORIGIN)).status_code == 303
    linked = "select issuer, subject from identities i join users u on u.id = i.user_id where handle = :handle"
    [identity] = await sql(db, linked, handle=handle)
    assert tuple(identity) == (server, grace.id)
    browser.http.cookies.clear()
    again = await agreed(web, server, await asked(browser))
    assert (await browser.http.get(again)).status_code == 303
    assert await browser.who(**ORIGIN) == handle
    browser.http.cookies.clear()
    assert (await browser.http.get(again)).status_code == 401, "an answer is good once"


@pytest.mark.parametrize("iss", [{"iss": "https://evil.example"}, {}], ids=["another", "none"])
async def test_an_answer_must_name_the_starling_that_was_asked(browser, other, web, grace, rows, iss):
    server, _ = other
    back = await agreed(web, server, await asked(browser))
    before = await rows()
    changed = {name: value for name, value in parts(back).items() if name != "iss"} | iss
    assert (await browser.http.get(f"{HERE.format('other')}?{urlencode(changed)}")).status_code == 502
    assert (await rows()) | {"challenges": 0} == before | {"challenges": 0}


@pytest.mark.parametrize("name", ["other", "evil"])
async def test_a_provider_that_sends_people_on_to_another_gets_nobodys_code(browser, other, web, grace, rows, name):
    """The mix-up of RFC 9700, section 4.4: the browser asked the evil one, which has the honest one answer instead."""
    server, evil = other
    honest, state = await asked(browser), parts(await asked(browser, "evil"))["state"]
    back = parts(await agreed(web, server, f"{server}/oauth/authorize?{urlencode(parts(honest) | {'state': state})}"))
    before = await rows()
    answer = await browser.http.get(f"{HERE.format(name)}?{urlencode(back)}")
    assert answer.status_code == {"other": 401, "evil": 502}[name]
    assert (await rows()) | {"challenges": 0} == before | {"challenges": 0}
    assert evil.redeemed == [], "it wasn't shown the code"
