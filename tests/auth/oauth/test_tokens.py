"""The token endpoint, from consent to tokens and back."""

import asyncio

import pytest
from sqlalchemy import delete, func, select

from core.database import Database
from core.settings import settings
from domain import moderation
from domain.audit import SecurityEventKind
from domain.viewer import Viewer
from models.apps import App as Row
from models.apps import Grant
from models.audit import SecurityEvent
from models.sessions import Session
from models.users import Role
from tests.api import Api, Person, Rows
from tests.auth.oauth.client import App

LIVE = (
    select(func.count().label("number")).where(Session.kind == "APP", Session.revoked_at.is_(None)).select_from(Session)
)


async def live(db: Database, app: App) -> int:
    """How many sessions the app has that weren't ended."""
    statement = LIVE.where(Session.app_id == int(app.client_id.removeprefix("app_")))
    return (await db.read(statement))[0].number


async def test_a_code_is_traded_for_tokens_of_what_was_allowed(each: App, api: Api, ada: Person):
    answer = await each.redeem((await each.ask(ada, scope="posts:read feed:read offline_access"))["code"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == settings().access_token_seconds
    assert tokens["scope"] == "offline_access posts:read feed:read"
    for query, status in (("{ feed { edges { node { id } } } }", 200), ("{ viewer { id } }", 403)):
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await api.http.post("/graphql", json={"query": query}, headers=bearer)).status_code == status


async def test_a_person_may_allow_less(web: App, ada: Person):
    answer = await web.ask(ada, scope="posts:read posts:write", allowed=["posts:read", "account"])
    assert (await web.redeem(answer["code"])).json()["scope"] == "posts:read"


async def test_who_lends_an_app_less_than_before_ends_what_may_do_more(db: Database, web: App, ada: Person):
    both, other = "posts:read posts:write offline_access", await App.make(db, web.http)
    tokens, others = await web.tokens(ada, scope=both), await other.tokens(ada, scope=both)
    await web.tokens(ada, scope="posts:read feed:read offline_access")
    assert await live(db, web) == 2
    unfetched = (await web.ask(ada, scope=both))["code"]
    less = await web.tokens(ada, scope=both, allowed=["posts:read", "offline_access"])
    assert (await web.redeem(unfetched)).json()["error"] == "invalid_grant"
    assert (await web.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await web.renew(less["refresh_token"])).json()["scope"] == "offline_access posts:read"
    assert await live(db, web) == 1
    assert (await other.renew(others["refresh_token"])).status_code == 200


async def test_without_offline_access_there_is_nothing_to_renew(web: App, ada: Person):
    assert "refresh_token" not in await web.tokens(ada, scope="posts:read")


async def test_a_refresh_token_is_rotated_and_its_first_use_may_be_repeated_for_a_moment(web: App, ada: Person):
    first = await web.tokens(ada)
    second, again = [(await web.renew(first["refresh_token"])).json() for _ in range(2)]
    assert second["refresh_token"] == again["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"]


async def test_a_refresh_may_ask_for_less_and_the_next_for_all_again(each: App, api: Api, ada: Person):
    first = await each.tokens(ada, scope="profile:read posts:read offline_access")
    less = (await each.renew(first["refresh_token"], scope="profile:read")).json()
    assert less["scope"] == "profile:read"
    bearer = {"authorization": f"Bearer {less['access_token']}"}
    for query, status in (("{ viewer { handle } }", 200), ("{ viewer { posts { nodes { id } } } }", 403)):
        assert (await api.http.post("/graphql", json={"query": query}, headers=bearer)).status_code == status
    if each.secret:
        told = (await each.post("/oauth/introspect", token=less["access_token"])).json()
        assert (told["active"], told["scope"]) == (True, "profile:read")
    assert (await each.renew(less["refresh_token"])).json()["scope"] == first["scope"]


async def test_a_refresh_that_asks_for_more_is_refused_and_uses_nothing_up(each: App, ada: Person, rows: Rows):
    tokens = await each.tokens(ada, scope="profile:read offline_access")
    before = await rows()
    refused = await each.renew(tokens["refresh_token"], scope="profile:read posts:read")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert await rows() == before
    assert (await each.renew(tokens["refresh_token"])).status_code == 200


async def test_an_app_acts_for_itself_without_a_person(web: App, native: App):
    answer = await web.post("/oauth/token", grant_type="client_credentials", scope="posts:read")
    assert answer.json()["scope"] == "posts:read"
    assert "refresh_token" not in answer.json()
    refused = await native.post("/oauth/token", grant_type="client_credentials", scope="posts:read")
    assert refused.status_code in (400, 401)
    assert refused.json()["error"] == "invalid_client"


async def test_a_hundred_redemptions_of_a_code_at_once_leave_one_session_or_none(db: Database, web: App, ada: Person):
    code = (await web.ask(ada))["code"]
    answers = await asyncio.gather(*(web.redeem(code) for _ in range(100)))
    assert sum(answer.status_code == 200 for answer in answers) <= 1
    assert {answer.status_code for answer in answers} <= {200, 400, 503}
    assert await live(db, web) <= 1


async def test_a_hundred_uses_of_a_refresh_token_at_once_leave_one_session(db: Database, web: App, ada: Person):
    token = (await web.tokens(ada))["refresh_token"]
    answers = await asyncio.gather(*(web.renew(token) for _ in range(100)))
    good = [answer.json()["refresh_token"] for answer in answers if answer.status_code == 200]
    assert len(set(good)) == 1, "all who were answered have the same successor"
    assert {answer.status_code for answer in answers} <= {200, 400, 503}
    assert await live(db, web) == 1


async def test_consent_is_put_down_once_and_in_the_log(db: Database, web: App, ada: Person):
    for _ in range(2):
        await web.tokens(ada)
    assert len(await db.read(select(Grant).where(Grant.user_id == ada.number))) == 1
    kinds = [row.kind for row in await db.read(select(SecurityEvent).where(SecurityEvent.user_id == ada.number))]
    assert kinds.count(SecurityEventKind.APP_AUTHORIZED) == 1


async def test_introspection_tells_an_app_of_its_own_tokens_only(web: App, native: App, ada: Person):
    tokens, others = await web.tokens(ada), await native.tokens(ada)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        told = (await web.post("/oauth/introspect", token=token)).json()
        assert told["active"] is True
        assert (told["sub"], told["client_id"], told["scope"]) == (ada.id, web.client_id, tokens["scope"])
    for token in (others["access_token"], others["refresh_token"], ada.token, ada.refresh_token, "a.b.c", "nonsense"):
        assert (await web.post("/oauth/introspect", token=token)).json() == {"active": False}
    assert (await native.post("/oauth/introspect", token=others["access_token"])).status_code in (400, 401)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_revoking_either_token_ends_the_session(which: str, web: App, ada: Person):
    tokens = await web.tokens(ada)
    assert (await web.post("/oauth/revoke", token=tokens[which])).status_code == 200
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await web.post("/oauth/introspect", token=token)).json() == {"active": False}
    assert (await web.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await web.post("/oauth/revoke", token="unknown")).status_code == 200


async def test_a_suspended_person_lends_nothing_until_reinstated(db: Database, api: Api, web: App):
    ada, admin = await api.sign_up(), Viewer((await api.sign_up()).number, 1, role=Role.ADMIN)
    code, tokens = (await web.ask(ada))["code"], await web.tokens(ada)
    await moderation.suspend(db, admin, ada.number, reason="Spam.", until=None)
    for answer in (await web.redeem(code), await web.renew(tokens["refresh_token"])):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert "suspended" in answer.json()["error_description"]
    for token in tokens["access_token"], tokens["refresh_token"]:
        assert (await web.post("/oauth/introspect", token=token)).json() == {"active": False}
    await moderation.reinstate(db, admin, ada.number)
    assert (await web.renew(tokens["refresh_token"])).status_code == 200


async def test_an_app_that_asks_without_end_is_told_to_wait(api: Api, web: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("transport.oauth.CALLS", 3)
    monkeypatch.setattr("transport.oauth.CALLS_PER_SECOND", 0.001)
    monkeypatch.setattr("transport.oauth.network", lambda _: "somewhere")
    answers = [await web.post("/oauth/introspect", token="x") for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 1


async def test_an_app_that_is_deleted_meanwhile_gets_nothing(db: Database, web: App):
    async with db.write() as tx:
        await tx.rows(delete(Row).where(Row.id == int(web.client_id.removeprefix("app_"))))
        asking = asyncio.create_task(web.post("/oauth/token", grant_type="client_credentials"))
        await asyncio.sleep(0.1)
        assert not asking.done()
    assert (await asking).status_code == 503
    assert (await web.post("/oauth/token", grant_type="client_credentials")).json()["error"] == "invalid_client"
