"""Signing in with another provider: it may be away or lie, and nobody comes in whom it doesn't know."""

import time
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from httpx2 import AsyncClient
from joserfc.jwk import ECKey
from pydantic import SecretStr
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from auth.attempts import RULES, Attempt
from auth.external.providers import OpenID, Round
from auth.external.web import ProviderFailed, certificates
from core.providers import OpenIDProvider
from core.settings import settings
from tests.api import PASSWORD, Api
from tests.factories import age, sql
from tests.providers import ID, SECRET, Provider, serving
from tests.transport.pages.browser import ORIGIN, Browser, hidden
from tests.transport.pages.test_captcha import solution_of

IDENTITIES = "{ viewer { account { hasPassword identities { id provider label } } } }"
NAMES = ["elsewhere", "github"]
FROM_HERE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def provider(app, monkeypatch):
    async with serving(Provider()) as provider:
        named = OpenIDProvider(
            name="elsewhere", title="Elsewhere", issuer=provider.origin, client_id=ID, client_secret=SecretStr(SECRET)
        )
        monkeypatch.setattr(OpenID, "_known", {})  # the port may be one that another provider had
        monkeypatch.setattr(settings(), "sign_in_with", (named,))
        monkeypatch.setattr(settings(), "github_client_id", ID)
        monkeypatch.setattr(settings(), "github_client_secret", SecretStr(SECRET))
        monkeypatch.setattr(settings(), "github_url", provider.origin)
        monkeypatch.setattr(settings(), "github_api_url", provider.origin)
        yield provider


async def there(browser, name: str = "elsewhere", **query: str) -> str:
    """To the provider, and its address to come back by: a path of ours."""
    sent = await browser.http.get(f"/sign-in/with/{name}", params=query, headers=FROM_HERE)
    assert sent.status_code == 303, sent.text
    async with AsyncClient(verify=certificates()) as web:
        back = await web.get(sent.headers["location"])
    return back.headers["location"].removeprefix(settings().origin)


async def there_and_back(browser, name: str = "elsewhere", **query: str):
    return await browser.http.get(await there(browser, name, **query))


async def join(browser, handle: str, name: str = "elsewhere"):
    page = await there_and_back(browser, name)
    sent = hidden(page.text) | {"handle": handle, "name": "Grace", "email": f"{handle}@example.org"}
    return await browser.http.post("/sign-up/with", data=sent, headers=ORIGIN)


async def kinds(db, handle: str) -> list[str]:
    query = """select kind from security_events e join users on users.id = user_id
        where handle = :handle order by e.id"""
    return [row.kind for row in await sql(db, query, handle=handle)]


@pytest.mark.parametrize("name", NAMES)
async def test_somebody_new_chooses_a_handle_and_comes_back_as_that(browser, provider, api, db, name):
    handle, provider.subject = f"grace_{name}", f"{name}'s"
    page = await there_and_back(browser, name, next="/account?there")
    assert "Welcome to Starling" in page.text
    assert 'value="Grace"' in page.text
    joined = await join(browser, handle, name)
    assert (joined.status_code, joined.headers["location"]) == (303, "/account")
    assert await browser.who(**ORIGIN) == handle
    assert (await kinds(db, handle))[:2] == ["IDENTITY_LINKED", "SIGNED_UP"]
    browser.http.cookies.clear()
    back = await there_and_back(browser, name, next="/account?there")
    assert (back.status_code, back.headers["location"]) == (303, "/account?there")
    assert await browser.who(**ORIGIN) == handle


async def test_joining_often_takes_a_solution_too(app, provider, strict):
    async with Api.of(app) as api:
        browser = Browser(api.http)
        for _ in range(RULES[Attempt.SIGN_UP].address.asks):
            await api.sign_up()
        asked = await join(browser, "grace_asked")
        assert asked.status_code == 401
        sent = hidden(asked.text) | {"handle": "grace_asked", "name": "Grace", "email": "grace@example.org"}
        solved = await browser.http.post("/sign-up/with", data=sent | {"captcha": solution_of(asked)}, headers=ORIGIN)
        assert solved.status_code == 303
        assert await browser.who(**ORIGIN) == "grace_asked"


async def test_an_address_links_nobody(browser, provider, api, db):
    ada = await api.sign_up()
    provider.lies["email"], provider.subject = f"{ada.handle}@example.org", "nobody's"
    provider.lies["email_verified"] = True
    await sql(db, "update accounts set email_verified_at = now() where user_id = :id returning user_id", id=ada.number)
    assert "Welcome to Starling" in (await there_and_back(browser)).text
    assert await browser.who(**ORIGIN) is None


LIES = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another app"},
    "several audiences": {"aud": [ID, "another app"]},
    "another authorized party": {"aud": [ID, "another app"], "azp": "another app"},
    "another nonce": {"nonce": "replayed"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1},
    "for ever": {"exp": None},
    "nobody": {"sub": None},
    "a number": {"sub": 7},
    "no name at all": {"sub": ""},
    "too long a name": {"sub": "x" * 256},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_token_that_is_not_for_us_and_now_lets_nobody_in(browser, provider, rows, quiet, lie):
    provider.lies |= lie
    before = await rows()
    answer = await there_and_back(browser)
    assert answer.status_code == 502
    assert "Elsewhere" in answer.text
    assert await rows() == before


async def test_another_signature_lets_nobody_in(browser, provider):
    provider.signer = ECKey.generate_key("P-256", {"kid": "1"})
    assert (await there_and_back(browser)).status_code == 502


@pytest.mark.parametrize("iss", ["https://evil.example", ""])
async def test_an_answer_of_another_issuer_is_not_taken(browser, provider, iss):
    provider.back["iss"] = iss
    assert (await there_and_back(browser)).status_code == 502
    assert provider.asked, "the code was not given away"


async def test_an_answer_without_its_issuer_is_taken_from_those_who_never_name_it(browser, provider):
    back = await there(browser)
    plain = back.partition("&iss=")[0]
    assert (await browser.http.get(plain)).status_code == 502
    OpenID._known.clear()
    provider.metadata["authorization_response_iss_parameter_supported"] = False
    plain = (await there(browser)).partition("&iss=")[0]
    assert "Welcome to Starling" in (await browser.http.get(plain)).text


BROKEN = {
    "/token": [
        JSONResponse({"error": "invalid_grant"}, 400),
        PlainTextResponse("<html>", 500),
        JSONResponse([]),
        JSONResponse({"access_token": "x", "token_type": "bearer"}),
        PlainTextResponse("x" * 300_000),
        PlainTextResponse("x", headers={"content-encoding": "gzip"}),
        RedirectResponse("http://127.0.0.1:1/"),
    ],
    "/jwks": [JSONResponse({}), JSONResponse({"keys": []}), PlainTextResponse("", 404), JSONResponse({"keys": [{}]})],
    "/.well-known/openid-configuration": [
        JSONResponse({}),
        JSONResponse([]),
        JSONResponse({"issuer": "https://evil.example"}),
        PlainTextResponse("gone", 404),
    ],
    "/login/oauth/access_token": [JSONResponse({"error": "bad_verification_code"}), PlainTextResponse("", 500)],
    "/user": [JSONResponse({"id": "583231"}), JSONResponse({"id": True}), JSONResponse({}), PlainTextResponse("", 403)],
    "/user/emails": [JSONResponse([{}]), JSONResponse({"message": "no"}), PlainTextResponse("[", 200)],
}


@pytest.mark.parametrize(("path", "broken"), [(path, each) for path, all_ in BROKEN.items() for each in all_])
async def test_a_provider_that_fails_gets_a_page_that_says_so(browser, provider, rows, quiet, path, broken):
    before, name = await rows(), "github" if "user" in path or "login" in path else "elsewhere"
    provider.answers[path] = broken
    sent = await browser.http.get(f"/sign-in/with/{name}")
    if sent.status_code == 303:
        async with AsyncClient(verify=certificates()) as web:
            back = (await web.get(sent.headers["location"])).headers["location"]
        sent = await browser.http.get(back.removeprefix(settings().origin))
    assert sent.status_code == 502
    assert "try again later" in sent.text
    assert (await rows()) | {"challenges": 0} == before | {"challenges": 0}


async def test_a_provider_that_is_away_gets_a_page_that_says_so(browser, provider, monkeypatch):
    monkeypatch.setattr(settings(), "github_url", "http://127.0.0.1:1")
    back = f"/sign-in/with/github/callback?code=x&state={(await begun(browser))}"
    assert (await browser.http.get(back)).status_code == 502


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1/", "http://elsewhere.example/", "file:///etc/passwd"])
async def test_a_provider_of_the_web_sends_nobody_to_this_machine(endpoint, monkeypatch):
    issuer = "https://elsewhere.example"
    monkeypatch.setitem(OpenID._known, issuer, (time.monotonic(), {"authorization_endpoint": endpoint}))
    with pytest.raises(ProviderFailed):
        await OpenID(OpenIDProvider(name="elsewhere", issuer=issuer, client_id=ID)).address(Round("", "", "", ""))


async def begun(browser) -> str:
    sent = await browser.http.get("/sign-in/with/github")
    return parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]


async def test_an_answer_is_taken_once_in_the_browser_that_asked_and_for_its_provider(browser, provider):
    back = await there(browser)
    cookies = dict(browser.http.cookies)
    browser.http.cookies.clear()
    assert (await browser.http.get(back)).status_code == 401, "somebody else's browser"
    browser.http.cookies.update(cookies)
    assert (await browser.http.get(back)).status_code == 401, "used up by that"
    other = (await there(browser)).replace("/elsewhere/", "/github/")
    assert (await browser.http.get(other)).status_code == 401
    good = await there(browser)
    assert (await browser.http.get(good)).status_code == 200
    assert (await browser.http.get(good)).status_code == 401


async def test_who_declines_there_is_told_so(browser, provider):
    state = await begun(browser)
    page = await browser.http.get(f"/sign-in/with/github/callback?error=access_denied&state={state}")
    assert page.status_code == 401
    assert "signed in there" in page.text


async def test_an_unknown_provider_is_not_found(browser, provider):
    for path in ("/sign-in/with/nobody", "/sign-in/with/nobody/callback?state=x"):
        assert (await browser.http.get(path)).status_code == 404


async def test_an_identity_is_linked_unlinked_and_nobody_elses(browser, provider, api, db):
    ada, bob, provider.subject = await api.sign_up(), await api.sign_up(), "adas"
    signed_out = await browser.http.get("/sign-in/with/elsewhere?link", headers=FROM_HERE)
    assert signed_out.headers["location"].startswith("/sign-in?")
    await browser.sign_in(ada.handle)
    assert (await there_and_back(browser, link="", next="/account")).status_code == 303
    browser.http.cookies.clear()
    assert (await there_and_back(browser)).status_code == 303
    assert await browser.who(**ORIGIN) == ada.handle
    [mine] = (await api(IDENTITIES, ada))["viewer"]["account"]["identities"]
    assert mine["provider"] == "Elsewhere"
    await browser.sign_in(bob.handle)
    assert (await there_and_back(browser, link="")).status_code == 409
    assert (await api.mutate("unlinkIdentity", bob, identityId=mine["id"]))["__typename"] == "NotFound"
    done = await api.mutate("unlinkIdentity", ada, "deletedId", identityId=mine["id"], password=PASSWORD)
    assert done["deletedId"] == mine["id"]
    assert {"IDENTITY_LINKED", "IDENTITY_UNLINKED"} <= set(await kinds(db, ada.handle))


async def test_who_was_signed_out_on_the_way_links_nothing_though_the_process_has_not_heard(browser, provider, api, db):
    ada, provider.subject = await api.sign_up(), "whoever's"
    await browser.sign_in(ada.handle)
    back = await there(browser, link="")
    await sql(db, "update sessions set revoked_at = now() where user_id = :id", id=ada.number)
    assert (await browser.http.get(back)).status_code == 401
    assert await sql(db, "select 1 from identities where user_id = :id", id=ada.number) == []


async def test_who_signed_in_long_ago_links_nothing(browser, provider, api, db):
    ada = await api.sign_up()
    await browser.sign_in(ada.handle)
    await age(db, ada)
    answer = await browser.http.get("/sign-in/with/elsewhere?link", headers=FROM_HERE)
    assert answer.status_code == 403
    assert "Sign in once more" in answer.text


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "none"}])
async def test_another_site_cannot_have_an_identity_linked_but_its_person_is_asked(
    browser, provider, api, rows, headers
):
    await browser.sign_in((await api.sign_up()).handle)
    before = await rows()
    answer = await browser.http.get("/sign-in/with/elsewhere?link", headers=headers)
    assert answer.status_code == 200
    assert 'href="/sign-in/with/elsewhere?link&amp;next=/account"' in answer.text
    assert await rows() == before


async def test_the_last_way_in_is_not_unlinked(browser, provider, api, db):
    provider.subject = "only way"
    await join(browser, "only_way")
    [mine] = await sql(db, "select id, user_id from identities where subject = 'only way'")
    answer = await browser.http.post(
        "/graphql",
        json={
            "query": "mutation ($id: ID!) { unlinkIdentity(input: {identityId: $id}) { __typename } }",
            "variables": {"id": f"identity_{mine.id}"},
        },
        headers=ORIGIN,
    )
    assert answer.json()["data"]["unlinkIdentity"]["__typename"] == "Conflict"


async def test_who_has_an_app_shows_a_code_after_the_provider_too(browser, provider, api):
    ada, provider.subject = await api.sign_up(), "careful"
    await browser.sign_in(ada.handle)
    await there_and_back(browser, link="")
    begun = await api.mutate("beginTotp", ada, "totp { secret }", password=PASSWORD)
    code = pyotp.TOTP(begun["totp"]["secret"])
    await api.mutate("confirmTotp", ada, code=code.now())
    browser.http.cookies.clear()
    page = await there_and_back(browser, next="/account?there")
    assert "One step more" in page.text
    assert hidden(page.text)["next"] == "/account?there"
    assert await browser.who(**ORIGIN) is None


async def test_a_join_is_finished_once_in_its_browser_with_a_handle_that_is_free(browser, provider, api):
    ada, provider.subject = await api.sign_up(), "latecomer"
    page = await there_and_back(browser)
    sent = hidden(page.text) | {"handle": ada.handle, "name": "Grace", "email": "late@example.org"}
    taken = await browser.http.post("/sign-up/with", data=sent, headers=ORIGIN)
    assert taken.status_code == 400
    assert "taken already" in taken.text
    sent["handle"] = "latecomer"
    assert (await browser.http.post("/sign-up/with", data=sent, headers=ORIGIN)).status_code == 303
    browser.http.cookies.clear()
    again = sent | await browser.form("/sign-in") | {"handle": "another_one", "join": sent["join"]}
    assert (await browser.http.post("/sign-up/with", data=again, headers=ORIGIN)).status_code == 401


async def test_who_sets_out_again_and_again_waits_and_leaves_no_trace(app, provider, rows, monkeypatch):
    monkeypatch.setattr(settings(), "write_burst", 2)
    monkeypatch.setattr(settings(), "write_per_second", 0.001)
    async with Api.of(app) as api:
        assert [(await api.http.get("/sign-in/with/elsewhere")).status_code for _ in range(2)] == [303, 303]
        before = await rows()
        assert (await api.http.get("/sign-in/with/elsewhere")).status_code == 429
        assert await rows() == before
