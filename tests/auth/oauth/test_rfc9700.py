"""RFC 9700, Best Current Practice for OAuth 2.0 Security: its items are the tests' names."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from auth.oauth import authorize
from auth.oauth.authorize import NotForApps, Question, Step
from auth.oauth.metadata import metadata
from core.database import Database
from core.settings import settings
from domain import apps
from models.apps import App as Row
from models.apps import AuthorizationCode
from models.sessions import RefreshToken
from tests.api import Api, Person, Rows
from tests.auth.oauth.client import CALLBACK, HERE, App, in_front, sent
from tests.auth.oauth.test_tokens import live
from tests.auth.prover import Key

LATEST = {"query": "{ latest { edges { node { id } } } }"}


def status_of(api: Api, token: str):
    """How the API answers a bearer."""
    return api.http.post("/graphql", json=LATEST, headers={"authorization": f"Bearer {token}"})


async def has_ended(api: Api, token: str) -> bool:
    """Whether a token is refused within a second."""
    for _ in range(20):
        if (await status_of(api, token)).status_code == 401:
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize(
    "uri",
    [
        f"{CALLBACK}/",
        f"{CALLBACK}?x=1",
        f"{CALLBACK}#there",
        "https://app.example/callback/../evil",
        "https://app.example.evil.example/callback",
        "https://app.example@evil.example/callback",
        "HTTPS://app.example/callback",
        "http://app.example/callback",
        "//app.example/callback",
        "javascript:alert(1)",
    ],
)
async def test_2_1_redirect_uris_are_compared_to_the_letter(uri: str, db: Database, web: App, ada: Person):
    with pytest.raises(NotForApps):
        await authorize.approve(db, web.query(redirect_uri=uri), in_front(ada), None)


async def test_2_1_only_the_port_of_a_loopback_address_may_differ(db: Database, api: Api):
    app = await App.make(db, api.http, redirect_uris=["http://127.0.0.1/cb", "http://[::1]:1/cb"])
    async with db.write() as tx:
        row = await apps.find(tx, app.client_id)
    assert row
    assert all(
        apps.may_return_to(row, uri) for uri in ("http://127.0.0.1:5/cb", "http://[::1]/cb", "http://[::1]:9/cb")
    )
    others = ("http://localhost:5/cb", "http://127.0.0.1:5/", "https://127.0.0.1:5/cb", "http://127.0.0.1:5@evil/cb")
    assert not any(apps.may_return_to(row, uri) for uri in others)


@pytest.mark.parametrize(
    "broken", [{"redirect_uri": "https://evil.example/"}, {"client_id": "app_1"}, {"client_id": None}]
)
async def test_4_11_2_nobody_is_sent_to_where_no_app_is_known(broken: dict, db: Database, web: App, ada: Person):
    for refused in (
        authorize.consider(db, web.query(**broken), in_front(ada)),
        authorize.deny(db, web.query(**broken)),
    ):
        with pytest.raises(NotForApps):
            await refused


@pytest.mark.parametrize(
    "without", [{"code_challenge": None}, {"code_challenge_method": None}, {"code_challenge_method": "plain"}]
)
async def test_2_1_1_every_client_uses_pkce_with_s256(each: App, without: dict, db: Database, ada: Person):
    answer = await authorize.consider(db, each.query(**without), in_front(ada))
    assert isinstance(answer, str)
    assert sent(answer)["error"] == "invalid_request"
    assert metadata()["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("verifier", [None, "", "x" * 43, "wrong"])
async def test_4_8_2_a_code_is_worth_nothing_without_its_verifier(verifier, db: Database, web: App, ada: Person):
    code = (await web.ask(ada))["code"]
    assert (await web.redeem(code, code_verifier=verifier)).json()["error"] in ("invalid_grant", "invalid_request")
    assert await live(db, web) == 0


async def test_2_1_2_there_is_no_implicit_grant(db: Database, web: App, ada: Person):
    for response_type in ("token", "id_token", "code token", "none"):
        answer = await authorize.consider(db, web.query(response_type=response_type), in_front(ada))
        assert isinstance(answer, str)
        assert sent(answer)["error"] == "unsupported_response_type"
    assert metadata()["response_types_supported"] == ["code"]


async def test_2_4_there_is_no_password_grant(web: App, ada: Person):
    answer = await web.post("/oauth/token", grant_type="password", username=ada.handle, password="x")
    assert answer.json()["error"] == "unsupported_grant_type"


async def test_4_4_2_every_answer_names_its_issuer(db: Database, web: App, ada: Person):
    answers = [
        await web.ask(ada),
        sent(await authorize.deny(db, web.query())),
        sent(str(await authorize.consider(db, web.query(scope="everything"), in_front(ada)))),
        sent(str(await authorize.consider(db, web.query(prompt="none"), None))),
    ]
    assert [answer.get("error") for answer in answers] == [None, "access_denied", "invalid_scope", "login_required"]
    assert {answer["iss"] for answer in answers} == {settings().origin}
    assert {answer["state"] for answer in answers} == {"some state"}
    assert metadata()["authorization_response_iss_parameter_supported"] is True


async def test_4_2_4_a_code_is_good_for_a_minute(db: Database, web: App, ada: Person):
    code = (await web.ask(ada))["code"]
    past = update(AuthorizationCode).values(expires_at=datetime.now(UTC))
    async with db.write() as tx:
        tx.later(past.where(AuthorizationCode.code_hash == apps.hashed(code)))
    assert (await web.redeem(code)).json()["error"] == "invalid_grant"


async def test_4_2_4_a_code_that_is_used_again_ends_what_came_of_it_within_a_second(api: Api, web: App, ada: Person):
    code = (await web.ask(ada))["code"]
    tokens = (await web.redeem(code)).json()
    assert (await status_of(api, tokens["access_token"])).status_code == 200
    assert (await web.redeem(code)).json()["error"] == "invalid_grant"
    assert await has_ended(api, tokens["access_token"])
    assert (await web.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_4_5_3_a_code_is_bound_to_its_client(db: Database, web: App, api: Api, ada: Person):
    other = (await App.make(db, api.http)).posing_as(web)
    code = (await web.ask(ada))["code"]
    assert (await other.redeem(code)).json()["error"] == "invalid_grant"
    assert (await web.redeem(code)).status_code == 200, "and a thief's attempt doesn't spoil it"


async def test_4_5_3_a_code_is_bound_to_its_redirect_uri(web: App, ada: Person):
    code = (await web.ask(ada))["code"]
    for uri in (None, "https://app.example/other"):
        assert (await web.redeem(code, redirect_uri=uri)).json()["error"] == "invalid_grant"


async def test_4_14_2_refresh_tokens_are_rotated_and_a_replay_ends_the_family(
    db: Database, api: Api, web: App, ada: Person
):
    first = await web.tokens(ada)
    second = (await web.renew(first["refresh_token"])).json()
    async with db.write() as tx:
        used = RefreshToken.token_hash == apps.hashed(first["refresh_token"])
        tx.later(update(RefreshToken).where(used).values(used_at=datetime.now(UTC) - timedelta(minutes=1)))
    assert (await web.renew(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await web.renew(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert await has_ended(api, second["access_token"])
    assert await live(db, web) == 0


async def test_4_14_2_refresh_tokens_are_bound_to_their_client(db: Database, api: Api, web: App, ada: Person):
    other, tokens = await App.make(db, api.http), await web.tokens(ada)
    assert (await other.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await web.renew(tokens["refresh_token"])).status_code == 200


async def test_4_14_2_an_apps_refresh_token_is_none_of_the_api_and_the_other_way_round(api: Api, web: App, ada: Person):
    tokens = await web.tokens(ada)
    refused = await api.mutate("refreshSession", refreshToken=tokens["refresh_token"])
    assert refused["code"] == "NOT_SIGNED_IN"
    assert (await web.renew(ada.refresh_token)).json()["error"] == "invalid_grant"
    assert (await web.renew(tokens["refresh_token"])).status_code == 200


async def test_2_2_1_a_stolen_access_token_that_is_bound_to_a_key_opens_nothing(api: Api, each: App, ada: Person):
    app = each.with_key()
    token = (await app.tokens(ada))["access_token"]
    seen = app.key.headers("POST", "/graphql", token)
    assert (await api.http.post("/graphql", json=LATEST, headers=seen)).status_code == 200
    bare = {"authorization": f"DPoP {token}"}
    for stolen in (seen, bare, Key().headers("POST", "/graphql", token), bare | {"authorization": f"Bearer {token}"}):
        answer = await api.http.post("/graphql", json=LATEST, headers=stolen)
        assert (answer.status_code, "data" in answer.json()) == (401, False)


async def test_2_2_2_a_stolen_refresh_token_of_an_app_without_a_secret_is_of_no_use_without_its_key(
    db: Database, native: App, ada: Person
):
    app = native.with_key()
    tokens = await app.tokens(ada)
    for thief in (native, native.with_key()):
        assert (await thief.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await app.renew(tokens["refresh_token"])).json()["token_type"] == "DPoP"
    assert await live(db, native) == 1


async def test_2_3_tokens_say_which_audience_and_which_scopes_they_are_for(web: App, ada: Person):
    assert set((await web.tokens(ada, scope="posts:read"))["scope"].split()) == {"posts:read"}
    for resource in (settings().origin, f"{settings().origin}/graphql"):
        assert "code" in await web.ask(ada, resource=resource)
    assert (await web.ask(ada, resource="https://other.example"))["error"] == "invalid_target"


async def test_2_5_an_app_with_a_secret_must_show_it(api: Api, web: App, ada: Person):
    code = (await web.ask(ada))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": web.verifier}
    bare = await api.http.post("/oauth/token", data={**form, "client_id": web.client_id})
    wrong = await api.http.post("/oauth/token", data=form, auth=(web.client_id, "wrong"))
    assert bare.json()["error"] == wrong.json()["error"] == "invalid_client"
    assert wrong.status_code == 401
    assert wrong.headers["www-authenticate"].startswith("Basic ")


async def test_2_5_secrets_codes_and_tokens_are_kept_hashed(db: Database, web: App, ada: Person):
    answer = await web.ask(ada)
    tokens = (await web.redeem(answer["code"])).json()
    kept = [str(row) for model in (Row, AuthorizationCode, RefreshToken) for row in await db.read(select(model))]
    for secret in (web.secret, answer["code"], tokens["refresh_token"], tokens["access_token"], web.verifier):
        assert secret
        assert not any(secret in row for row in kept)


async def test_4_16_what_people_decide_on_is_not_framed_and_tokens_are_not_cached(api: Api, web: App):
    answer = await web.post("/oauth/token", grant_type="client_credentials", scope="posts:read")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


async def test_2_6_there_is_metadata_and_it_names_only_what_is_there(api: Api):
    answer = await api.http.get("/.well-known/oauth-authorization-server")
    assert answer.json() == metadata()
    assert answer.json()["issuer"] == settings().origin


async def test_consent_is_asked_for_once_and_again_for_more(db: Database, web: App, ada: Person):
    question = await authorize.consider(db, web.query(), in_front(ada))
    assert isinstance(question, Question)
    assert (question.step, list(question.scopes)) == (Step.CONSENT, ["offline_access", "posts:read"])
    await web.ask(ada)
    assert "code" in sent(str(await authorize.consider(db, web.query(), in_front(ada))))
    for more in ({"prompt": "consent"}, {"scope": "posts:read posts:write"}):
        assert isinstance(await authorize.consider(db, web.query(**more), in_front(ada)), Question)


@pytest.mark.parametrize("uri", ["com.example.app:/callback", "http://127.0.0.1/callback"])
async def test_an_app_that_others_on_the_device_can_pose_as_is_asked_about_each_time(
    uri: str, db: Database, api: Api, ada: Person
):
    public, secret = [
        await App.make(db, api.http, auth_method=method, redirect_uris=[uri, CALLBACK])
        for method in ("none", "client_secret_basic")
    ]
    for app in (public, secret):
        await app.ask(ada, redirect_uri=uri)
    assert isinstance(await authorize.consider(db, public.query(redirect_uri=uri), in_front(ada)), Question)
    silent = await authorize.consider(db, public.query(redirect_uri=uri, prompt="none"), in_front(ada))
    assert sent(str(silent))["error"] == "consent_required"
    for certain in (public.query(), secret.query(redirect_uri=uri)):
        assert "code" in sent(str(await authorize.consider(db, certain, in_front(ada))))


async def test_signing_in_is_asked_for_where_the_app_wants_it(db: Database, web: App, ada: Person):
    await web.ask(ada)
    for person, changes in ((None, {}), (in_front(ada), {"prompt": "login"})):
        question = await authorize.consider(db, web.query(**changes), person)
        assert isinstance(question, Question)
        assert question.step is Step.SIGN_IN
        assert "code" in sent(str(await authorize.consider(db, question.then, in_front(ada))))


@pytest.mark.parametrize("anew", [{"prompt": "login"}, {"prompt": "select_account consent"}, {"max_age": "0"}])
async def test_nobody_passes_by_signing_in_anew(anew: dict, db: Database, web: App, ada: Person, rows: Rows):
    await web.ask(ada)
    query, before = web.query(**anew), in_front(ada)
    question = await authorize.consider(db, query, before)
    assert isinstance(question, Question)
    late = question.then.replace("since=1", "since=9")
    other = question.then.replace("some+state", "another")
    assert len({question.then, late, other}) == 3
    counted = await rows()
    for forged in (query, late, other, f"{query}&since=", f"{query}&since=1.x"):
        again = await authorize.consider(db, forged, in_front(ada))
        assert isinstance(again, Question)
        assert again.step is Step.SIGN_IN
        assert sent(await authorize.approve(db, forged, in_front(ada), HERE))["error"] == "login_required"
    still = await authorize.consider(db, question.then, before)
    assert isinstance(still, Question)
    assert still.step is Step.SIGN_IN
    assert sent(await authorize.approve(db, question.then, before, HERE))["error"] == "login_required"
    assert await rows() == counted
    assert "code" in sent(await authorize.approve(db, question.then, in_front(ada), HERE))


@pytest.mark.parametrize("max_age", ["0", "300"])
async def test_who_signed_in_too_long_ago_signs_in_anew(max_age: str, db: Database, web: App, ada: Person):
    await web.ask(ada)
    query, long_ago = (
        web.query(max_age=max_age),
        replace(in_front(ada), authenticated_at=datetime.now(UTC) - timedelta(hours=1)),
    )
    question = await authorize.consider(db, query, long_ago)
    assert isinstance(question, Question)
    assert question.step is Step.SIGN_IN
    assert "code" in sent(str(await authorize.consider(db, question.then, in_front(ada))))
    silent = sent(str(await authorize.consider(db, web.query(max_age=max_age, prompt="none"), long_ago)))
    assert silent["error"] == "login_required"
    assert sent(await authorize.approve(db, query, long_ago, HERE))["error"] == "login_required"
