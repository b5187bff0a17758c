"""The pages of what may act as a person: where they are signed in, and tokens for their programs."""

import re

import pytest

from tests.api import PASSWORD
from tests.factories import age, sql
from tests.transport.pages.browser import ELSEWHERE, ORIGIN, hidden
from transport.pages.access import named

DEVICES, TOKENS = "/account/sessions", "/account/tokens"
ASKED = {"name": "Nightly <b>", "scope profile:read": "on", "expiresAt": "30"}
NOWHERE = ("session_1", "session_99999999999999999999", "session_-1", "session_\x00", "post_1", "nothing", "")


@pytest.fixture
async def at_home(browser, ada):
    await browser.sign_in(ada.handle)
    return browser


async def test_one_signs_one_device_out_and_then_all_others(api, at_home, ada):
    for _ in range(2):
        await api.mutate("signIn", login=ada.handle, password=PASSWORD)
    page = (await at_home.http.get(DEVICES)).text
    ids = re.findall(r'name="session" value="(\w+)"', page)
    assert (page.count("<li>"), page.count("this one"), len(ids)) == (4, 1, 3)
    done = await at_home.send(DEVICES, session=ids[-1])
    assert (done.status_code, done.headers["location"]) == (303, f"{DEVICES}?done")
    await at_home.is_void(ada.token)
    assert (await at_home.http.get(DEVICES)).text.count("<li>") == 3
    assert (await at_home.send(DEVICES)).status_code == 303
    page = (await at_home.http.get(DEVICES)).text
    assert (page.count("<li>"), page.count("this one")) == (1, 1)


async def test_a_token_is_shown_once_does_what_was_ticked_and_is_revoked(api, at_home, ada):
    shown = await at_home.send(TOKENS, **ASKED)
    token = re.search(r"<code>(starling_pat_\w+)</code>", shown.text)
    assert token
    assert "Nightly &lt;b&gt;" in shown.text
    page = (await at_home.http.get(TOKENS)).text
    assert token[1] not in page
    assert "See profiles, yours included</li>" in page
    bearer = {"authorization": f"Bearer {token[1]}"}
    answer = await api.http.post("/graphql", json={"query": "{ viewer { handle } }"}, headers=bearer)
    assert answer.json()["data"]["viewer"]["handle"] == ada.handle
    revoke = re.search(r'name="revoke" value="(\w+)"', page)
    assert revoke
    assert (await at_home.send(TOKENS, revoke=revoke[1])).headers["location"] == f"{TOKENS}?done"
    assert "You have no tokens." in (await at_home.http.get(TOKENS)).text
    await at_home.is_void(token[1])


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "\0"}, "name"),
        ({"scope \0": "on"}, "scopes"),
        ({"expiresAt": "\0"}, "expiresAt"),
        ({"scope profile:read": None}, "scopes"),
        ({"scope account": "on"}, "scopes"),
    ],
)
async def test_what_is_wrong_with_a_token_is_said_at_its_field_and_none_is_made(at_home, rows, given, at):
    before = await rows()
    sent = {name: value for name, value in (ASKED | given).items() if value is not None}
    answer = await at_home.send(TOKENS, **sent)
    assert answer.status_code == 400
    assert f'id="{at}-problem"' in answer.text
    assert f'aria-describedby="{at}-problem' in answer.text
    assert ('name="scope profile:read" checked' in answer.text) == ("scope profile:read" in sent)
    assert await rows() == before


async def test_who_signed_in_long_ago_signs_in_once_more_before_there_is_another_token(at_home, ada, rows, db):
    form = await at_home.form(TOKENS)
    await age(db, ada)
    before = await rows()
    late = await at_home.http.post(TOKENS, data=form | ASKED, headers=ORIGIN)
    assert late.status_code == 400
    for page in (late, await at_home.http.get(TOKENS)):
        assert 'href="/sign-in?next=/account/tokens"' in page.text
        assert "Make the token" not in page.text
    assert await rows() == before
    await at_home.sign_in(ada.handle)
    assert "starling_pat_" in (await at_home.send(TOKENS, **ASKED)).text


async def test_somebody_elses_are_as_unknown_as_those_that_there_are_none_of(api, at_home, ada, rows):
    theirs = await at_home.send(TOKENS, **ASKED)
    page = (await at_home.http.get(TOKENS)).text + (await at_home.http.get(DEVICES)).text
    ids = re.findall(r'name="(?:revoke|session)" value="(\w+)"', page)
    assert len(ids) == 2
    at_home.http.cookies.clear()
    await at_home.sign_in((await api.sign_up()).handle)
    form, before = await at_home.form("/account"), await rows()
    answers = {
        (answer.status_code, answer.text)
        for each in (*ids, *NOWHERE)
        for path, name in ((TOKENS, "revoke"), (DEVICES, "session"))
        for answer in [await at_home.http.post(path, data=form | {name: each}, headers=ORIGIN)]
    }
    [(status, text)] = answers
    assert status == 404
    assert "There is no such session" in text
    assert await rows() == before
    assert theirs.status_code == 200


async def test_another_site_makes_revokes_and_ends_nothing(at_home, rows):
    await at_home.send(TOKENS, **ASKED)
    page = (await at_home.http.get(TOKENS)).text
    [revoke] = re.findall(r'name="revoke" value="(\w+)"', page)
    before = await rows()
    for sent in (ASKED, {"revoke": revoke}):
        for form, headers in ((hidden(page), ELSEWHERE), ({"token": "0"}, ORIGIN), ({}, {})):
            assert (await at_home.http.post(TOKENS, data=form | sent, headers=headers)).status_code == 403
    assert await rows() == before


async def test_a_long_list_goes_on_on_another_page(at_home, ada, db):
    many = """insert into sessions (user_id, expires_at)
        select :id, now() + interval '1 day' from generate_series(1, 60) returning id"""
    await sql(db, many, id=ada.number)
    first = await at_home.http.get(DEVICES)
    after = re.search(r'href="(\?after=[^"]+)"', first.text)
    assert after
    second = await at_home.http.get(DEVICES + after[1])
    assert (first.text.count("<li>"), second.text.count("<li>")) == (50, 12)
    assert "?after=" not in second.text
    assert (await at_home.http.get(f"{DEVICES}?after=nowhere")).status_code == 400


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"
NAMES = {
    CHROME: "Chrome on Linux",
    SAFARI: "Safari on iPhone",
    "curl/8.5": "curl/8.5",
    None: "A program without a name",
}


@pytest.mark.parametrize(("agent", "name"), NAMES.items())
def test_a_browser_is_called_what_people_call_it(agent, name):
    assert named(agent) == name
