"""Whatever is sent to the authorization server, it isn't its fault."""

import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.oauth import authorize
from auth.oauth.authorize import NotForApps
from auth.oauth.metadata import metadata
from core.database import Database
from domain.registration import GRANT_TYPES
from tests.api import Api, Person
from tests.auth.oauth.client import CALLBACK, HERE, App, in_front

FORMS = ["/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/introspect", "/oauth/device_authorization"]
BOUNDED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXT = st.text(CHARACTERS, max_size=40)
ASCII = st.text(st.characters(codec="ascii"), max_size=30)
NAMES = st.sampled_from(
    [
        *("client_id", "client_secret", "grant_type", "code", "redirect_uri", "code_verifier", "code_challenge"),
        *("code_challenge_method", "scope", "state", "nonce", "prompt", "max_age", "login_hint", "response_type"),
        *("response_mode", "resource", "refresh_token", "token", "token_type_hint", "device_code", "user_code"),
        *("claims", "id_token_hint", "request", "request_uri", "ui_locales", "acr_values", "dpop_jkt"),
    ]
)
ODD = [
    "app_1",
    "app_9223372036854775808",
    "1e9",
    "-1",
    "٣",
    "\x00",
    '"',
    "\\",
    "\ud7ff",
    "https://[",
    "a.b.c",
    "account",
    "urn:ietf:params:oauth:request_uri:x",
]
PLAIN = [CALLBACK, "code", "S256", "none", "login consent", "x" * 43, "openid", "posts:read", *GRANT_TYPES]
VALUES = TEXT | st.sampled_from(ODD) | st.sampled_from(PLAIN)
PAIRS = st.lists(st.tuples(NAMES | TEXT, VALUES), max_size=8)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda each: st.lists(each, max_size=3))
MEMBERS = st.sampled_from(
    [
        *("client_name", "client_uri", "redirect_uris", "grant_types", "response_types", "scope", "jwks"),
        *("token_endpoint_auth_method", "dpop_bound_access_tokens"),
    ]
)


@pytest.mark.parametrize("path", FORMS)
@BOUNDED
@given(pairs=PAIRS, known=st.booleans(), authorization=st.none() | ASCII, proof=st.none() | ASCII)
async def test_a_form_is_answered(path: str, pairs, known: bool, authorization, proof, api: Api, web: App):
    if known:
        pairs = [("client_id", web.client_id), ("client_secret", web.secret), *pairs]
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if authorization is not None and authorization.isprintable():
        headers["authorization"] = f"Basic {authorization}"
    if proof is not None and proof.isprintable():
        headers["dpop"] = proof
    answer = await api.http.post(path, content=urlencode(pairs), headers=headers)
    assert answer.status_code < 500, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.status_code == 200 or answer.json()["error"]


@pytest.mark.parametrize("path", FORMS)
@BOUNDED
@given(body=st.binary(max_size=60))
async def test_bytes_are_answered(path: str, body: bytes, api: Api):
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": "Basic /w=="}
    assert (await api.http.post(path, content=body, headers=headers)).status_code < 500


@BOUNDED
@given(pairs=st.dictionaries(NAMES, VALUES, max_size=5), more=PAIRS, is_somebody=st.booleans())
async def test_a_person_is_asked_or_told(pairs, more, is_somebody: bool, db: Database, web: App, ada: Person):
    person = in_front(ada)
    query = "&".join([web.query(**pairs), urlencode(more)])
    for asked in (
        authorize.consider(db, query, person if is_somebody else None),
        authorize.approve(db, query, person, HERE),
        authorize.deny(db, query),
    ):
        with suppress(NotForApps):
            await asked


@BOUNDED
@given(app=st.dictionaries(MEMBERS, JSON | VALUES | st.lists(VALUES, max_size=3)) | JSON)
async def test_an_app_is_registered_or_told_why_not(app, api: Api):
    assert (await api.http.post("/oauth/register", json=app)).status_code in (201, 400, 429)
    assert (await api.http.post("/oauth/register", content=json.dumps(app)[:-1])).status_code == 400


@pytest.mark.parametrize("path", ["/graphql", "/oauth/userinfo"])
@BOUNDED
@given(scheme=st.sampled_from(["DPoP", "dpop", "Bearer", "", "DPoP DPoP"]), token=ASCII, proof=ASCII)
async def test_what_comes_with_a_token_is_answered(path: str, scheme: str, token: str, proof: str, api: Api):
    headers = {"authorization": f"{scheme} {token}", "dpop": proof}
    if all(map(str.isprintable, headers.values())):
        answer = await api.http.post(path, json={"query": "{ __typename }"}, headers=headers)
        assert answer.status_code in (200, 401)


@BOUNDED
@given(changes=st.dictionaries(NAMES, VALUES | st.none(), max_size=4))
async def test_a_push_is_answered_and_what_it_leads_to_too(changes, db: Database, web: App, ada: Person):
    answer = await web.push(**{name: value for name, value in changes.items() if name != "client_secret"})
    assert answer.status_code in (201, 400, 401), answer.text
    if answer.status_code == 201:
        query = urlencode({"client_id": web.client_id, "request_uri": answer.json()["request_uri"]})
        further = str(await authorize.consider(db, query, None))
        assert await authorize.consider(db, further.partition("?")[2], in_front(ada))


async def test_what_is_no_form_is_refused(api: Api):
    for path in FORMS:
        for content_type in ("application/json", "multipart/form-data", ""):
            answer = await api.http.post(path, content=b"{}", headers={"content-type": content_type})
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert (await api.http.get(path)).status_code == 405
        long = await api.http.post(path, data={"token": "x" * 70_000})
        assert long.status_code == 413


async def test_pages_of_any_origin_may_call_but_not_with_credentials(api: Api):
    asking = {"origin": "https://spa.example", "access-control-request-method": "POST"}
    for name, url in metadata().items():
        if name.endswith("_endpoint") and name != "authorization_endpoint":
            answer = await api.http.options(url[url.index("/oauth") :], headers=asking)
            assert answer.headers["access-control-allow-origin"] == "*", name
            assert "access-control-allow-credentials" not in answer.headers
