"""RFC 9449, DPoP, at the token endpoint and at what tokens open: its sections are the tests' names."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from sqlalchemy import update

from auth.keys import ring
from auth.oauth import authorize, device
from auth.oauth.metadata import metadata
from core.database import Database
from core.limits import Limiter
from domain import apps
from domain.registration import DEVICE_CODE
from models.apps import DeviceCode
from models.sessions import RefreshToken
from tests.api import Api, Person
from tests.auth.oauth.client import CALLBACK, HERE, App, in_front, sent
from tests.auth.oauth.test_rfc9126 import opened
from tests.auth.oauth.test_tokens import live
from tests.auth.prover import Key

LATEST = {"query": "{ latest(first: 1) { nodes { id } } }"}
GRAPHQL, USERINFO = "/graphql", "/oauth/userinfo"


@pytest.fixture
def bound(each: App) -> App:
    """An app of either kind, one after the other, with a key."""
    return each.with_key()


def thumbprint_in(token: str) -> str:
    """The key that an access token is bound to."""
    return jwt.decode(token, ring.signing_key()).claims["cnf"]["jkt"]


async def query(api: Api, headers: dict[str, str]):
    return await api.http.post(GRAPHQL, json=LATEST, headers=headers)


async def test_5_a_code_is_traded_for_tokens_that_are_bound_to_the_key(bound: App, api: Api, ada: Person):
    tokens = await bound.tokens(ada)
    assert tokens["token_type"] == "DPoP"
    assert thumbprint_in(tokens["access_token"]) == bound.key.jkt
    answer = await query(api, bound.key.headers("POST", GRAPHQL, tokens["access_token"]))
    assert (answer.status_code, "errors" in answer.json()) == (200, False)


async def test_5_who_shows_no_key_has_tokens_as_before(each: App, api: Api, ada: Person):
    tokens = await each.tokens(ada)
    assert tokens["token_type"] == "Bearer"
    for headers in ({}, {"dpop": Key().proof("POST", GRAPHQL)}, {"dpop": "whatever"}):
        bearer = {"authorization": f"Bearer {tokens['access_token']}"} | headers
        assert (await query(api, bearer)).status_code == 200


async def test_5_an_app_may_act_for_itself_with_a_key(web: App, api: Api):
    app = web.with_key()
    answer = (await app.post("/oauth/token", grant_type="client_credentials", scope="posts:read")).json()
    assert answer["token_type"] == "DPoP"
    assert (await query(api, app.key.headers("POST", GRAPHQL, answer["access_token"]))).status_code == 200


async def test_5_a_device_may_have_a_key(db: Database, api: Api, limiter: Limiter, ada: Person):
    tv = await App.make(db, api.http, auth_method="none", grant_types=[DEVICE_CODE, "refresh_token"])
    tv = tv.with_key()
    codes = (await tv.post("/oauth/device_authorization", scope="posts:read offline_access")).json()
    async with db.write() as tx:
        tx.later(update(DeviceCode).values(interval=0))
    form = {"grant_type": DEVICE_CODE, "device_code": codes["device_code"]}
    assert (await tv.post("/oauth/token", **form)).json()["error"] == "authorization_pending"
    assert await device.approve(db, limiter, codes["user_code"], in_front(ada), HERE)
    tokens = (await tv.post("/oauth/token", **form)).json()
    assert (tokens["token_type"], thumbprint_in(tokens["access_token"])) == ("DPoP", tv.key.jkt)
    assert (await replace(tv, key=None).renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await tv.renew(tokens["refresh_token"])).json()["token_type"] == "DPoP"


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/par"])
async def test_5_a_proof_that_isnt_good_is_refused_and_leaves_no_trace(path: str, bound: App, rows, ada: Person):
    code, before = (await bound.ask(ada))["code"], await rows()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": bound.verifier}
    proofs = ["nonsense", bound.key.proof("GET", path), bound.key.proof("POST", "/oauth/revoke")]
    for proof in (*proofs, f"{bound.key.proof('POST', path)}, {bound.key.proof('POST', path)}"):
        answer = await bound.http.post(path, data={"client_id": bound.client_id} | form, headers={"dpop": proof})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert await rows() == before
    assert (await bound.redeem(code)).status_code == 200


async def test_5_two_headers_are_not_one_proof(bound: App, api: Api, ada: Person):
    token = (await bound.tokens(ada))["access_token"]
    proofs = [("dpop", bound.key.proof("POST", GRAPHQL, token)) for _ in range(2)]
    for path, ask in ((GRAPHQL, api.http.post), (USERINFO, api.http.post)):
        answer = await ask(path, json=LATEST, headers=[("authorization", f"DPoP {token}"), *proofs])
        assert answer.status_code == 401
        assert 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"]


async def test_5_one_proof_20_times_at_once_gets_one_token(native: App, db: Database, ada: Person):
    app = native.with_key()
    codes = [(await app.ask(ada))["code"] for _ in range(20)]
    proof = {"dpop": app.key.proof("POST", "/oauth/token")}
    form = {"grant_type": "authorization_code", "client_id": app.client_id, "redirect_uri": CALLBACK}
    forms = [form | {"code": code, "code_verifier": app.verifier} for code in codes]
    answers = await asyncio.gather(*(app.http.post("/oauth/token", data=each, headers=proof) for each in forms))
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert {answer.json().get("error") for answer in answers} == {None, "invalid_dpop_proof"}
    assert await live(db, app) == 1


async def test_5_a_refresh_token_of_an_app_without_a_secret_is_bound_to_the_key(native: App, db: Database, ada: Person):
    app = native.with_key()
    first = (await app.tokens(ada))["refresh_token"]
    for thief in (native, native.with_key()):
        assert (await thief.renew(first)).json()["error"] == "invalid_grant"
    second = (await app.renew(first)).json()
    assert (second["token_type"], thumbprint_in(second["access_token"])) == ("DPoP", app.key.jkt)
    async with db.write() as tx:
        used = RefreshToken.token_hash == apps.hashed(first)
        tx.later(update(RefreshToken).where(used).values(used_at=datetime.now(UTC) - timedelta(minutes=1)))
    assert (await native.renew(first)).json()["error"] == "invalid_grant"
    assert (await app.renew(second["refresh_token"])).status_code == 200, "a thief without the key ends nothing"
    assert (await app.renew(first)).json()["error"] == "invalid_grant"
    assert await live(db, native) == 0, "a replay with the key does"


async def test_5_a_refresh_token_that_was_not_bound_is_so_from_the_first_proof_on(native: App, ada: Person):
    app, first = native.with_key(), (await native.tokens(ada))["refresh_token"]
    second = (await app.renew(first)).json()
    assert second["token_type"] == "DPoP"
    assert (await native.renew(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await app.renew(second["refresh_token"])).status_code == 200


async def test_5_an_app_with_a_secret_may_change_its_key(web: App, ada: Person):
    first, other = await web.with_key().tokens(ada), web.with_key()
    second = (await other.renew(first["refresh_token"])).json()
    assert thumbprint_in(second["access_token"]) == other.key.jkt
    assert (await web.renew(second["refresh_token"])).json()["token_type"] == "Bearer"


@pytest.mark.parametrize("auth_method", ["none", "client_secret_basic"])
async def test_5_2_an_app_may_register_for_bound_tokens_alone(auth_method: str, db: Database, api: Api, ada: Person):
    described = {"client_name": "Bound", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": auth_method}
    answer = await api.http.post("/oauth/register", json=described | {"dpop_bound_access_tokens": True})
    known = answer.json()
    assert known["dpop_bound_access_tokens"] is True
    app = App(db, api.http, known["client_id"], known.get("client_secret"), "v" * 43)
    code = (await app.ask(ada, scope="posts:read"))["code"]
    assert (await app.redeem(code)).json()["error"] == "invalid_request"
    assert (await app.with_key().redeem(code)).json()["token_type"] == "DPoP"
    for wrong in ("yes", 1, [True]):
        refused = await api.http.post("/oauth/register", json=described | {"dpop_bound_access_tokens": wrong})
        assert refused.json()["error"] == "invalid_client_metadata"


async def test_6_2_introspection_names_the_key(web: App, ada: Person):
    app = web.with_key()
    tokens = await app.tokens(ada)
    told = (await web.post("/oauth/introspect", token=tokens["access_token"])).json()
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": app.key.jkt})
    assert "cnf" not in (await web.post("/oauth/introspect", token=tokens["refresh_token"])).json()
    plain = (await web.post("/oauth/introspect", token=(await web.tokens(ada))["access_token"])).json()
    assert (plain["token_type"], "cnf" in plain) == ("Bearer", False)


async def test_7_1_a_bound_token_opens_the_api_by_post_get_and_stream_and_userinfo(web: App, api: Api, ada: Person):
    app = web.with_key()
    token = (await app.tokens(ada, scope="openid posts:read"))["access_token"]
    assert (await query(api, app.key.headers("POST", GRAPHQL, token))).status_code == 200
    got = await api.http.get(GRAPHQL, params=LATEST, headers=app.key.headers("GET", GRAPHQL, token))
    assert got.json().keys() == {"data"}
    stream = {"accept": "text/event-stream"} | app.key.headers("POST", GRAPHQL, token)
    assert '"data":{"latest"' in (await query(api, stream)).text
    for method in ("GET", "POST"):
        told = await api.http.request(method, USERINFO, headers=app.key.headers(method, USERINFO, token))
        assert told.json() == {"sub": ada.id}


async def test_7_1_what_shows_nothing_opens_nothing_and_is_told_so(bound: App, api: Api, ada: Person):
    token = (await bound.tokens(ada, scope="openid posts:read"))["access_token"]
    scheme, other = {"authorization": f"DPoP {token}"}, Key()
    for path in (GRAPHQL, USERINFO):
        for headers in (
            scheme,
            scheme | {"dpop": "nonsense"},
            scheme | {"dpop": bound.key.proof("POST", path)},
            scheme | {"dpop": bound.key.proof("POST", path, "another")},
            scheme | {"dpop": bound.key.proof("GET", path, token)},
            scheme | {"dpop": bound.key.proof("POST", "/oauth/token", token)},
            scheme | {"dpop": bound.key.proof("POST", path, token, iat=1)},
            other.headers("POST", path, token),
        ):
            answer = await api.http.post(path, json=LATEST, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'DPoP error="invalid_dpop_proof", algs="ES256 Ed25519"'
            assert "data" not in answer.json()


async def test_7_1_other_challenges_name_the_scheme_too(bound: App, api: Api, ada: Person):
    token = (await bound.tokens(ada, scope="posts:read"))["access_token"]
    asked = {"query": "{ viewer { handle } }"}
    answer = await api.http.post(GRAPHQL, json=asked, headers=bound.key.headers("POST", GRAPHQL, token))
    challenge = 'DPoP error="insufficient_scope", scope="profile:read", algs="ES256 Ed25519"'
    assert (answer.status_code, answer.headers["www-authenticate"]) == (403, challenge)
    void = await query(api, bound.key.headers("POST", GRAPHQL, "a.b.c"))
    assert void.headers["www-authenticate"] == 'DPoP error="invalid_token", algs="ES256 Ed25519"'


async def test_7_2_a_bound_token_is_no_bearer_and_a_bearer_is_not_bound(bound: App, each: App, api: Api, ada: Person):
    token = (await bound.tokens(ada, scope="openid posts:read"))["access_token"]
    unbound = (await each.tokens(ada, scope="openid posts:read"))["access_token"]
    for path in (GRAPHQL, USERINFO):
        proof = {"dpop": bound.key.proof("POST", path, token)}
        for headers in ({}, proof):
            answer = await api.http.post(path, json=LATEST, headers={"authorization": f"Bearer {token}"} | headers)
            offered = 'Bearer error="invalid_token", DPoP algs="ES256 Ed25519"'
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, offered)
        for other in (unbound, ada.token):
            answer = await api.http.post(path, json=LATEST, headers=bound.key.headers("POST", path, other))
            assert answer.status_code == 401


async def test_7_one_proof_20_times_at_once_opens_once(bound: App, api: Api, ada: Person):
    token = (await bound.tokens(ada))["access_token"]
    headers = bound.key.headers("POST", GRAPHQL, token)
    answers = await asyncio.gather(*(query(api, headers) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


async def test_10_a_code_is_bound_to_the_key_that_was_named(bound: App, each: App, ada: Person):
    code = (await bound.ask(ada, dpop_jkt=bound.key.jkt))["code"]
    for thief in (each, each.with_key()):
        assert (await thief.redeem(code)).json()["error"] == "invalid_grant"
    assert (await bound.redeem(code)).json()["token_type"] == "DPoP", "and a thief's attempt doesn't spoil it"
    for wrong in ("", "short", "x" * 44, "=" * 43):
        assert (await bound.ask(ada, dpop_jkt=wrong))["error"] == "invalid_request"


@pytest.mark.parametrize("how", ["proof", "parameter", "both"])
async def test_10_1_what_is_pushed_may_name_the_key_or_prove_it(how: str, bound: App, each: App, db, ada: Person):
    pushing = each if how == "parameter" else bound
    further = await opened(db, await pushing.pushed(dpop_jkt=None if how == "proof" else bound.key.jkt))
    code = sent(await authorize.approve(db, further, in_front(ada), HERE))["code"]
    assert (await each.redeem(code)).json()["error"] == "invalid_grant"
    assert (await bound.redeem(code)).json()["token_type"] == "DPoP"


async def test_10_1_a_proof_by_another_key_than_is_named_is_refused(bound: App, rows):
    before = await rows()
    answer = await bound.push(dpop_jkt=Key().jkt)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await rows() == before


async def test_5_1_the_metadata_name_the_algorithms():
    assert metadata()["dpop_signing_alg_values_supported"] == ["ES256", "Ed25519"]
