"""RFC 9126, pushed authorization requests: its sections are the tests' names."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select, update

from auth.oauth import authorize
from auth.oauth.authorize import NotForApps, Question, Step
from auth.oauth.metadata import metadata
from auth.oauth.pushed import PREFIX
from core.database import Database
from domain.challenges import Purpose
from models.challenges import Challenge
from tests.api import Api, Person, Rows
from tests.auth.oauth.client import CALLBACK, HERE, App, in_front, sent


async def opened(db: Database, query: str) -> str:
    """The query string that a browser goes on with."""
    further = str(await authorize.consider(db, query, None))
    assert further.startswith(f"{authorize.PATH}?")
    return urlsplit(further).query


async def test_2_1_an_app_pushes_what_it_asks_and_gets_a_name_for_it(each: App, db: Database, ada: Person):
    answer = await each.push()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told.keys() == {"request_uri", "expires_in"}
    assert told["request_uri"].startswith(PREFIX)
    assert len(told["request_uri"]) >= len(PREFIX) + 43, "256 bits of chance, section 7.1"
    assert 5 <= told["expires_in"] <= 90
    query = await opened(db, urlencode({"client_id": each.client_id, "request_uri": told["request_uri"]}))
    back = sent(await authorize.approve(db, query, in_front(ada), HERE))
    assert back["state"] == "some state"
    assert (await each.redeem(back["code"])).json()["scope"] == "offline_access posts:read"


async def test_2_1_an_app_shows_who_it_is(web: App, native: App, api: Api, rows: Rows):
    before = await rows()
    form = {name: values[0] for name, values in parse_qs(web.query()).items()}
    bare = await api.http.post("/oauth/par", data=form)
    wrong = await api.http.post("/oauth/par", data=form, auth=(web.client_id, "wrong"))
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_client")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    for other in (native.client_id, None):
        answer = await web.push(client_id=other)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await rows() == before


async def test_2_1_no_request_uri_is_pushed(web: App):
    answer = await web.push(request_uri=f"{PREFIX}x")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"resource": "https://other.example"}, "invalid_target"),
    ],
)
async def test_2_3_what_may_not_be_asked_is_an_error_at_once(change: dict, error: str, web: App, rows: Rows):
    before = await rows()
    answer = await web.push(**change)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "location" not in answer.headers
    assert await rows() == before


async def test_2_3_only_a_form_is_pushed_by_post(web: App, api: Api):
    assert (await api.http.get("/oauth/par")).status_code == 405
    assert (await api.http.post("/oauth/par", json={})).status_code == 400
    assert (await api.http.post("/oauth/par", data={"x": "x" * 70_000})).status_code == 413


async def test_2_3_an_app_that_pushes_without_end_is_told_to_wait(web: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("transport.oauth.CALLS", 2)
    monkeypatch.setattr("transport.oauth.CALLS_PER_SECOND", 0.001)
    monkeypatch.setattr("transport.oauth.network", lambda _: "somewhere that pushes")
    assert [(await web.push()).status_code for _ in range(3)] == [201, 201, 429]


async def test_4_nothing_counts_at_the_authorization_endpoint_but_what_was_pushed(web: App, db: Database, ada: Person):
    query = await web.pushed() + "&" + web.query(client_id=None, state="another", scope="posts:write", prompt="none")
    further = await opened(db, query)
    assert parse_qs(further).keys() == {"client_id", "request_uri"}
    question = await authorize.consider(db, further, in_front(ada))
    assert isinstance(question, Question)
    assert (question.step, list(question.scopes)) == (Step.CONSENT, ["offline_access", "posts:read"])
    assert question.redirect_uri == CALLBACK
    assert sent(await authorize.deny(db, further))["state"] == "some state"


async def test_2_2_a_request_uri_is_good_for_one_browser(web: App, db: Database):
    query = await web.pushed()
    answers = await asyncio.gather(*(authorize.consider(db, query, None) for _ in range(20)), return_exceptions=True)
    assert sorted(map(type, answers), key=str) == sorted([str] + [NotForApps] * 19, key=str)


async def test_2_2_a_request_uri_is_bound_to_its_client(web: App, native: App, db: Database):
    query = await web.pushed()
    for other in (native.client_id, "app_1", ""):
        stolen = {"request_uri": parse_qs(query)["request_uri"][0]} | ({"client_id": other} if other else {})
        with pytest.raises(NotForApps):
            await authorize.consider(db, urlencode(stolen), None)
    assert await opened(db, query), "and a thief's attempt doesn't spoil it"


@pytest.mark.parametrize("uri", ["", PREFIX, f"{PREFIX}{'x' * 43}", "https://app.example/request.jwt", "\ud7ff"])
async def test_4_an_unknown_request_uri_sends_nobody_anywhere(uri: str, web: App, db: Database, ada: Person):
    query = web.query(request_uri=uri)
    for refused in (authorize.consider(db, query, in_front(ada)), authorize.approve(db, query, in_front(ada), HERE)):
        with pytest.raises(NotForApps):
            await refused


async def test_2_2_a_request_uri_expires(web: App, db: Database):
    query = await web.pushed()
    async with db.write() as tx:
        tx.later(
            update(Challenge)
            .where(Challenge.purpose == Purpose.PUSHED)
            .values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    with pytest.raises(NotForApps):
        await authorize.consider(db, query, None)


async def test_7_3_what_a_browser_goes_on_with_may_be_loaded_again_and_is_answered_once(
    web: App, db: Database, ada: Person
):
    further = await opened(db, await web.pushed())
    for person in (None, in_front(ada), in_front(ada)):
        question = await authorize.consider(db, further, person)
        assert isinstance(question, Question)
        assert question.then == further
    answers = await asyncio.gather(
        *(authorize.approve(db, further, in_front(ada), HERE) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert all(isinstance(answer, (str, NotForApps)) for answer in answers)
    with pytest.raises(NotForApps):
        await authorize.deny(db, further)


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}, {"prompt": "login consent"}])
async def test_signing_in_anew_goes_on_with_another_name(changes: dict, web: App, db: Database, ada: Person):
    further = await opened(db, await web.pushed(**changes))
    question = await authorize.consider(db, further, in_front(ada))
    assert isinstance(question, Question)
    assert question.step is Step.SIGN_IN
    assert parse_qs(question.then).keys() == {"client_id", "request_uri"}
    with pytest.raises(NotForApps):
        await authorize.consider(db, further, in_front(ada))
    after = await authorize.consider(db, question.then, in_front(ada))
    assert isinstance(after, Question)
    assert after.step is Step.CONSENT
    assert "code" in sent(await authorize.approve(db, question.then, in_front(ada), HERE))


async def test_who_has_agreed_before_isnt_asked_again(web: App, db: Database, ada: Person):
    await web.ask(ada)
    further = await opened(db, await web.pushed())
    assert "code" in sent(str(await authorize.consider(db, further, in_front(ada))))
    silent = await opened(db, await web.pushed(prompt="none"))
    assert sent(str(await authorize.consider(db, silent, None)))["error"] == "login_required"


async def test_7_what_is_pushed_is_kept_sealed_and_its_name_hashed(web: App, db: Database):
    state = "a state that nobody else reads"
    query = await web.pushed(state=state)
    rows = str([[bytes(row.token_hash), bytes(row.sealed or b"")] for row in await db.read(select(Challenge))])
    for secret in (state, web.secret, parse_qs(query)["request_uri"][0].removeprefix(PREFIX)):
        assert secret
        assert secret not in rows


async def test_5_the_metadata_name_it_and_nobody_has_to(api: Api):
    answer = (await api.http.get("/.well-known/oauth-authorization-server")).json()
    assert answer["pushed_authorization_request_endpoint"].endswith("/oauth/par")
    assert answer["require_pushed_authorization_requests"] is False
    assert answer == metadata()
