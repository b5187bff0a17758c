"""OpenID Connect: discovery, ID tokens, userinfo."""

import base64
import hashlib

from joserfc import jwt
from joserfc.jwk import KeySet

from auth.oauth.metadata import metadata
from core.settings import settings
from tests.api import Api, Person
from tests.auth.oauth.client import App

ALL = "openid profile email"


async def test_discovery_leads_to_everything(api: Api):
    found = (await api.http.get("/.well-known/openid-configuration")).json()
    assert found == metadata()
    for name, url in found.items():
        if name.endswith("_endpoint") and name != "authorization_endpoint":
            answer = await api.http.post(url.removeprefix(settings().origin))
            assert answer.status_code in (400, 401), name
    assert (await api.http.get("/oauth/jwks")).json()["keys"]


async def test_an_id_token_says_who_signed_in_when_to_whom_and_with_which_token(api: Api, web: App, ada: Person):
    tokens = await web.tokens(ada, scope=ALL, nonce="n-1")
    keys = KeySet.import_key_set((await api.http.get("/oauth/jwks")).json())
    decoded = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"])
    claims = decoded.claims
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert (claims["iss"], claims["sub"], claims["aud"]) == (settings().origin, ada.id, [web.client_id])
    assert claims["nonce"] == "n-1"
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]
    assert not claims.keys() & {"name", "email"}, "userinfo has them"
    assert decoded.header.keys() == {"alg", "kid", "typ"}


async def test_without_openid_there_is_no_id_token(web: App, ada: Person):
    assert "id_token" not in await web.tokens(ada, scope="profile posts:read")


async def test_userinfo_tells_what_the_scopes_let_it(api: Api, web: App):
    person = await api.sign_up()
    for scope, names in (
        ("openid", {"sub"}),
        ("openid profile", {"sub", "preferred_username", "name"}),
        (ALL, {"sub", "preferred_username", "name", "email", "email_verified"}),
    ):
        token = (await web.tokens(person, scope=scope))["access_token"]
        answer = await api.http.get("/oauth/userinfo", headers={"authorization": f"Bearer {token}"})
        assert answer.json().keys() == names
        assert answer.json()["sub"] == person.id


async def test_userinfo_is_for_apps_with_openid_alone(api: Api, web: App, ada: Person):
    token = (await web.tokens(ada, scope="posts:read"))["access_token"]
    for bearer in (None, "nonsense", token, ada.token):
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        answer = await api.http.get("/oauth/userinfo", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")
