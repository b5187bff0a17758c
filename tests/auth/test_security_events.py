"""People read what happened to their accounts, and nobody else does."""

import pytest

from core.database import Database
from domain.sessions import GRACE
from tests.api import PASSWORD, Api, Person
from tests.factories import sql

EVENTS = """query ($first: Int, $after: Cursor) { viewer { securityEvents(first: $first, after: $after) {
  nodes { kind createdAt address agent details { name value } } pageInfo { hasNextPage endCursor } } } }"""
REFRESH = "mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }"


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.sign_up()


async def events(api: Api, person: Person, **page: object) -> list[dict]:
    return (await api(EVENTS, person, **page))["viewer"]["securityEvents"]["nodes"]


async def kinds(api: Api, person: Person) -> list[str]:
    return [event["kind"] for event in await events(api, person)]


async def test_every_sign_in_and_every_failure_is_there_with_the_device(api: Api, ada: Person) -> None:
    sign_in = "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }"
    for password in ("wrong horse", PASSWORD):
        await api.post(sign_in, {"input": {"login": ada.handle, "password": password}}, **{"user-agent": "Lynx/2"})
    signed_in, failed, signed_up = await events(api, ada)
    assert [each["kind"] for each in (signed_in, failed, signed_up)] == ["SIGNED_IN", "SIGN_IN_FAILED", "SIGNED_UP"]
    assert signed_in["agent"] == failed["agent"] == "Lynx/2"
    assert signed_in["address"] == failed["address"] == signed_up["address"]
    assert signed_in["address"].startswith("client-")


async def test_signing_out_and_a_replay_are_there(api: Api, db: Database, ada: Person) -> None:
    other = await api.mutate("signIn", select="session { accessToken }", login=ada.handle, password=PASSWORD)
    token = other["session"]["accessToken"]
    await api("mutation { signOut { __typename } }", Person(ada.id, ada.handle, token, ""))
    [out] = [event for event in await events(api, ada) if event["kind"] == "SIGNED_OUT"]
    assert out["details"][0]["name"] == "session"
    stolen = await api.mutate("signIn", select="session { refreshToken }", login=ada.handle, password=PASSWORD)
    await api(REFRESH, token=stolen["session"]["refreshToken"])
    grace = "update refresh_tokens set used_at = used_at - make_interval(secs => :grace) where used_at is not null"
    await sql(db, grace, grace=GRACE.total_seconds() + 1)
    await api(REFRESH, token=stolen["session"]["refreshToken"])
    assert (await kinds(api, ada))[0] == "TOKEN_REPLAYED"


async def test_the_log_comes_in_pages(api: Api, ada: Person) -> None:
    for _ in range(2):
        await api.mutate("signIn", login=ada.handle, password=PASSWORD)
    page = (await api(EVENTS, ada, first=2))["viewer"]["securityEvents"]
    assert page["pageInfo"]["hasNextPage"]
    rest = (await api(EVENTS, ada, first=2, after=page["pageInfo"]["endCursor"]))["viewer"]["securityEvents"]
    assert [node["kind"] for node in page["nodes"] + rest["nodes"]] == ["SIGNED_IN", "SIGNED_IN", "SIGNED_UP"]


async def test_nobody_reads_anybody_elses_log(api: Api, ada: Person, db: Database) -> None:
    moderator = await api.sign_up()
    await sql(db, "update accounts set role = 'ADMIN' where user_id = :id", id=moderator.number)
    query = "query ($handle: String!) { user(handle: $handle) { securityEvents { nodes { kind } } } }"
    for viewer in (None, await api.sign_up(), moderator):
        assert (await api(query, viewer, handle=ada.handle))["user"]["securityEvents"]["nodes"] == []
