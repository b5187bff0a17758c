"""Apps in the graph: developers' own, and those that people let in."""

import asyncio
from dataclasses import replace

import pytest
from starlette.applications import Starlette

from auth.attempts import NEVER, RULES, Attempt, Rules
from core.backoff import Rule
from core.database import Database
from core.settings import settings
from tests import factories
from tests.api import Api, Person, Rows
from tests.auth.oauth.client import CALLBACK, App

CREATED = "created { secret app { clientId name redirectUris keepsSecret forDevices } }"
AUTHORIZED = "{ viewer { authorizedApps { edges { node { appId name scopes lastUsedAt } } } } }"
WRITTEN = "{ viewer { developerApps { edges { node { clientId name previousSecretUntil } } } } }"


async def create(api: Api, developer: Person, **more) -> dict:
    """A new app."""
    given = {"name": "Birds", "redirectUris": [CALLBACK], "keepsSecret": True} | more
    return (await api.mutate("createApp", developer, CREATED, **given))["created"]


def usable(db: Database, api: Api, created: dict) -> App:
    """It as a client."""
    return App(db, api.http, created["app"]["clientId"], created["secret"], "v" * 43)


def nodes(data: dict, field: str) -> list[dict]:
    """A list's nodes."""
    return [edge["node"] for edge in data["viewer"][field]["edges"]]


async def test_a_developer_registers_an_app_and_people_let_it_in(db: Database, api: Api, ada: Person):
    developer = await factories.person(db)
    created = await create(api, developer)
    app = usable(db, api, created)
    tokens = await app.tokens(ada)
    [shown] = nodes(await api(AUTHORIZED, ada), "authorizedApps")
    assert (shown["appId"], shown["name"], shown["scopes"]) == (app.client_id, "Birds", tokens["scope"].split())
    assert shown["lastUsedAt"]
    assert [each["clientId"] for each in nodes(await api(WRITTEN, developer), "developerApps")] == [app.client_id]
    assert nodes(await api(AUTHORIZED, developer), "authorizedApps") == nodes(await api(WRITTEN, ada), "developerApps")


async def test_nobody_sees_anybody_elses_apps(api: Api, db: Database, web: App, ada: Person):
    await web.tokens(ada)
    await create(api, ada)
    query = """query ($handle: String!) { user(handle: $handle) {
        authorizedApps { edges { cursor } } developerApps { edges { cursor } } } }"""
    for viewer in (await factories.person(db), None):
        shown = (await api(query, viewer, handle=ada.handle))["user"]
        assert shown == {"authorizedApps": {"edges": []}, "developerApps": {"edges": []}}


async def test_who_lets_an_app_in_no_more_is_rid_of_it_within_a_second(api: Api, web: App, native: App, ada: Person):
    tokens, others = await web.tokens(ada), await native.tokens(ada)
    assert (await api.mutate("deauthorizeApp", ada, "appId", appId=web.client_id))["appId"] == web.client_id
    await asyncio.sleep(0.5)
    assert [await status(api, each["access_token"]) for each in (tokens, others)] == [401, 200]
    assert (await web.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await api.mutate("deauthorizeApp", ada, appId=web.client_id))["code"] == "NOT_FOUND"


async def status(api: Api, token: str) -> int:
    query = {"query": "{ latest(first: 1) { edges { cursor } } }"}
    return (await api.http.post("/graphql", json=query, headers={"authorization": f"Bearer {token}"})).status_code


async def test_the_secret_before_the_last_is_good_for_a_while_and_the_one_before_that_is_not(
    db: Database, api: Api, ada: Person
):
    created = await create(api, ada)
    first, client_id = usable(db, api, created), created["app"]["clientId"]
    select = "rotated { secret app { previousSecretUntil } }"
    rotated = [(await api.mutate("rotateAppSecret", ada, select, appId=client_id))["rotated"] for _ in range(2)]
    assert all(each["app"]["previousSecretUntil"] for each in rotated)
    later = [usable(db, api, created | {"secret": each["secret"]}) for each in rotated]
    answers = [await each.post("/oauth/token", grant_type="client_credentials") for each in (first, *later)]
    assert [each.status_code for each in answers] == [401, 200, 200]


async def test_wrong_secrets_keep_out_neither_the_app_elsewhere_nor_others_here(
    app: Starlette, web: App, db: Database, api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(settings(), "attempts", 1.0)
    monkeypatch.setitem(RULES, Attempt.CLIENT, Rules(Rule(2, asks=NEVER), Rule(4, asks=NEVER)))
    async with Api.of(app) as here:
        wrong = replace(web, http=here.http, secret="not it")
        other = await App.make(db, here.http)
        for _ in range(4):  # they don't add up, nor are they forgiven by what is right
            assert (await other.post("/oauth/introspect", token="x")).status_code == 200
        answers = [await wrong.post("/oauth/introspect", token="x") for _ in range(4)]
        assert [each.status_code for each in answers] == [401, 401, 429, 429]
        assert (await replace(wrong, secret=web.secret).post("/oauth/introspect", token="x")).status_code == 429
        assert (await other.post("/oauth/introspect", token="x")).status_code == 200
        assert (await web.post("/oauth/introspect", token="x")).status_code == 200


async def test_an_app_without_a_secret_has_none_to_rotate(api: Api, ada: Person):
    created = await create(api, ada, keepsSecret=False, forDevices=True)
    assert (created["secret"], created["app"]["forDevices"]) == (None, True)
    refused = await api.mutate("rotateAppSecret", ada, appId=created["app"]["clientId"])
    assert refused["code"] == "CONFLICT"


async def test_a_deleted_app_is_gone_with_all_that_it_was_lent(db: Database, api: Api, ada: Person):
    developer = await factories.person(db)
    app = usable(db, api, await create(api, developer))
    tokens = await app.tokens(ada)
    own = (await app.post("/oauth/token", grant_type="client_credentials", scope="posts:read")).json()
    assert (await api.mutate("deleteApp", developer, "deletedId", appId=app.client_id))["deletedId"] == app.client_id
    await asyncio.sleep(0.5)
    assert [await status(api, each["access_token"]) for each in (tokens, own)] == [401, 401]
    assert (await app.renew(tokens["refresh_token"])).json()["error"] == "invalid_client"
    assert nodes(await api(AUTHORIZED, ada), "authorizedApps") == []


@pytest.mark.parametrize("mutation", ["updateApp", "rotateAppSecret", "deleteApp"])
async def test_nobody_does_anything_to_anybody_elses_app(
    mutation: str, api: Api, db: Database, ada: Person, rows: Rows
):
    client_id = (await create(api, await factories.person(db)))["app"]["clientId"]
    before = await rows()
    results = [await api.mutate(mutation, ada, appId=each) for each in (client_id, "app_1")]
    assert results[0]["code"] == "NOT_FOUND"
    assert results[0] == results[1]
    assert await rows() == before


async def test_an_app_is_described_anew(api: Api, ada: Person):
    client_id = (await create(api, ada))["app"]["clientId"]
    select = "app { name website redirectUris scopes }"
    changed = await api.mutate(
        "updateApp", ada, select, appId=client_id, name="Bees", website="https://bees.example/", scopes=["posts:read"]
    )
    assert changed["app"] == {
        "name": "Bees",
        "website": "https://bees.example/",
        "redirectUris": [CALLBACK],
        "scopes": ["posts:read"],
    }
    refused = await api.mutate("updateApp", ada, appId=client_id, redirectUris=["http://bees.example/"])
    assert [field["path"] for field in refused["fields"]] == [["input", "redirectUris"]]


async def test_apps_get_at_nobodys_account(api: Api, web: App, ada: Person):
    everything = "openid profile email offline_access profile:read profile:write posts:read posts:write feed:read"
    token = (await web.tokens(ada, scope=everything))["access_token"]
    for query in (AUTHORIZED, WRITTEN, 'mutation { deleteApp(input: { appId: "app_1" }) { __typename } }'):
        answer = await api.http.post("/graphql", json={"query": query}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 403
