"""People see what may call the API as them, end it, and make tokens that can do less than they can."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from auth import personal
from auth.tokens import Tokens
from models.sessions import Session
from tests.api import PASSWORD, Api, Person
from tests.factories import sql
from tests.mail import Post
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("quiet")
VIEWER = "{ viewer { handle } }"
SESSIONS = "{ viewer { sessions { nodes { id kind agent isCurrent } } } }"
TOKENS = "{ viewer { personalTokens { nodes { id name scopes lastUsedAt expiresAt } } } }"
EVENTS = "{ viewer { securityEvents { nodes { kind } } } }"
MADE = "created { token personalToken { id name scopes expiresAt } }"


async def again(api: Api, person: Person) -> Person:
    """The same person, signed in once more."""
    made = await api.mutate(
        "signIn", select="session { accessToken refreshToken }", login=person.handle, password=PASSWORD
    )
    return Person(person.id, person.handle, made["session"]["accessToken"], made["session"]["refreshToken"])


async def token_of(api: Api, person: Person, *scopes: str, **given) -> tuple[Person, dict]:
    """The person by a new personal token, and what was answered."""
    made = await api.mutate("createPersonalToken", person, MADE, name="CI", scopes=list(scopes), **given)
    return Person(person.id, person.handle, made["created"]["token"], ""), made["created"]["personalToken"]


async def refused_within_a_second(api: Api, person: Person) -> None:
    """The person's token is void by then."""

    async def is_refused() -> bool:
        return (await api.post(VIEWER, viewer=person)).status_code == 401

    await until(is_refused, 1)


async def test_a_personal_token_is_shown_once_and_does_what_its_scopes_say(api: Api, db):
    ada = await api.sign_up()
    lent, kept = await token_of(api, ada, "profile:read", "profile:read")
    assert personal.FORM.fullmatch(lent.token)
    assert (kept["name"], kept["scopes"]) == ("CI", ["profile:read"])
    assert (await api(VIEWER, lent))["viewer"] == {"handle": ada.handle}
    assert (await api.post("{ feed { nodes { id } } }", viewer=lent)).status_code == 403
    [listed] = (await api(TOKENS, ada))["viewer"]["personalTokens"]["nodes"]
    assert listed["id"] == kept["id"]
    [row] = await db.read(select(Session).where(Session.id == int(kept["id"].split("_")[1])))
    assert lent.token.encode() not in bytes(row.secret_hash)


async def test_a_letter_tells_of_a_token_whose_person_may_not_have_made_it(api: Api, db):
    ada = await api.sign_up()
    await sql(db, "update accounts set email_verified_at = now() where user_id = :id", id=ada.number)
    await token_of(api, ada, "profile:read")
    [*_, told] = await Post(db).to(f"{ada.handle}@example.org")
    assert told.values["what"] == "a personal access token was made"


async def test_a_token_makes_no_tokens_and_sees_none(api: Api):
    ada = await api.sign_up()
    lent, _ = await token_of(api, ada, "profile:read", "profile:write")
    for query in (TOKENS, SESSIONS, "mutation { endOtherSessions { __typename } }"):
        assert (await api.post(query, viewer=lent)).status_code == 403


@pytest.mark.parametrize("given", [{"scopes": []}, {"scopes": ["account"]}, {"scopes": ["posts:read", "all"]}])
async def test_what_is_never_lent_cant_be_asked_for(api: Api, given: dict):
    ada = await api.sign_up()
    refused = await api.mutate("createPersonalToken", ada, name="CI", **given)
    assert [field["path"] for field in refused["fields"]] == [["input", "scopes"]]


async def test_an_expiry_must_be_to_come(api: Api):
    ada = await api.sign_up()
    past, soon = [(datetime.now(UTC) + timedelta(hours=hours)).isoformat() for hours in (-1, 1)]
    refused = await api.mutate("createPersonalToken", ada, name="CI", scopes=["posts:read"], expiresAt=past)
    assert [field["path"] for field in refused["fields"]] == [["input", "expiresAt"]]
    query = "mutation ($input: CreatePersonalTokenInput!) { createPersonalToken(input: $input) { __typename } }"
    for wrong in ("tomorrow", "2030-01-01", "2030-01-01T00:00:00", 5):
        answer = await api.answer(query, ada, input={"name": "CI", "scopes": ["posts:read"], "expiresAt": wrong})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    _, kept = await token_of(api, ada, "posts:read", expiresAt=soon)
    assert datetime.fromisoformat(kept["expiresAt"]) == datetime.fromisoformat(soon)


async def test_who_signed_in_long_ago_shows_who_it_is_before_there_is_another_token(api: Api, db, rows):
    ada, lasting = await api.sign_up(), {"name": "CI", "scopes": ["posts:read"]}
    async with db.write() as tx:
        tx.later(update(Session).values(created_at=datetime.now(UTC) - timedelta(minutes=11)))
    before = await rows()
    for given, at in (({}, "password"), ({"password": "not this one"}, "password"), ({"code": "123456"}, "code")):
        refused = await api.mutate("createPersonalToken", ada, **lasting, **given)
        assert [field["path"] for field in refused["fields"]] == [["input", at]]
    assert await rows() == before
    made = await api.mutate("createPersonalToken", ada, MADE, **lasting, password=PASSWORD)
    assert personal.is_one(made["created"]["token"])


async def test_a_revoked_token_is_void_within_a_second_and_the_log_says_so(api: Api):
    ada, eve = await api.sign_up(), await api.sign_up()
    lent, kept = await token_of(api, ada, "profile:read")
    assert await api(VIEWER, lent)
    assert (await api.mutate("revokePersonalToken", eve, personalTokenId=kept["id"]))["code"] == "NOT_FOUND"
    assert (await api.mutate("endSession", ada, sessionId=kept["id"]))["code"] == "NOT_FOUND"
    revoked = await api.mutate("revokePersonalToken", ada, "revokedId", personalTokenId=kept["id"])
    assert revoked["revokedId"] == kept["id"]
    await refused_within_a_second(api, lent)
    kinds = [event["kind"] for event in (await api(EVENTS, ada))["viewer"]["securityEvents"]["nodes"]]
    assert kinds[:2] == ["PERSONAL_TOKEN_REVOKED", "PERSONAL_TOKEN_MADE"]


async def test_it_is_put_down_when_a_token_is_used(api: Api, db, verifier: Tokens):
    ada = await api.sign_up()
    lent, kept = await token_of(api, ada, "profile:read")
    session = Session.id == int(kept["id"].split("_")[1])
    long_ago = datetime.now(UTC) - timedelta(days=1)
    async with db.write() as tx:
        tx.later(update(Session).where(session).values(last_used_at=long_ago))
    await verifier.verified(f"Bearer {lent.token}")
    await asyncio.gather(*verifier._touching)
    [row] = await db.read(select(Session).where(session))
    assert row.last_used_at > datetime.now(UTC) - timedelta(minutes=1)


async def test_people_see_where_they_are_signed_in_and_sign_one_out(api: Api):
    ada = await api.sign_up()
    other = await again(api, ada)
    await token_of(api, ada, "posts:read")
    latest, first = (await api(SESSIONS, ada))["viewer"]["sessions"]["nodes"]
    assert (latest["kind"], latest["isCurrent"], first["isCurrent"]) == ("API", False, True)
    ended = await api.mutate("endSession", ada, "endedId", sessionId=latest["id"])
    assert ended["endedId"] == latest["id"]
    await refused_within_a_second(api, other)
    assert len((await api(SESSIONS, ada))["viewer"]["sessions"]["nodes"]) == 1


async def test_somebody_elses_sessions_are_neither_seen_nor_ended(api: Api):
    ada, eve = await api.sign_up(), await api.sign_up()
    [hers] = (await api(SESSIONS, ada))["viewer"]["sessions"]["nodes"]
    query = "query ($id: ID!) { node(id: $id) { ... on User { sessions { nodes { id } } } } }"
    assert (await api(query, eve, id=ada.id))["node"]["sessions"]["nodes"] == []
    assert (await api.mutate("endSession", eve, sessionId=hers["id"]))["code"] == "NOT_FOUND"
    assert await api(VIEWER, ada)


async def test_signing_all_others_out_keeps_this_one_and_its_tokens(api: Api):
    ada = await api.sign_up()
    others = [await again(api, ada) for _ in range(2)]
    lent, _ = await token_of(api, ada, "profile:read")
    assert await api("mutation { endOtherSessions { ... on EndOtherSessionsSuccess { ended } } }", ada)
    for other in others:
        await refused_within_a_second(api, other)
    assert await api(VIEWER, ada)
    assert await api(VIEWER, lent)
