"""Apps that register themselves, RFC 7591."""

import pytest

from domain.registration import is_redirect_uri
from tests.api import Api, Person
from tests.auth.oauth.client import CALLBACK, App

APP = {"client_name": "Birds", "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"]}


async def test_an_app_registers_itself_and_is_let_in(db, api: Api, ada: Person):
    answer = await api.http.post("/oauth/register", json=APP)
    assert answer.status_code == 201
    known = answer.json()
    assert known["client_secret_expires_at"] == 0
    app = App(db, api.http, known["client_id"], known["client_secret"], "v" * 43)
    assert (await app.tokens(ada))["refresh_token"]


async def test_an_app_that_can_keep_no_secret_gets_none(api: Api):
    known = (await api.http.post("/oauth/register", json=APP | {"token_endpoint_auth_method": "none"})).json()
    assert "client_secret" not in known
    assert known["scope"].split()[:2] == ["openid", "profile"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": [1]}, "invalid_client_metadata"),
        ({"redirect_uris": CALLBACK}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"scope": "account"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"client_name": "\u0000"}, "invalid_client_metadata"),
        ({"client_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
    ],
)
async def test_what_no_app_may_be(change: dict, error: str, api: Api, rows):
    before = await rows()
    answer = await api.http.post("/oauth/register", json=APP | change)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert (await rows())["apps"] == before["apps"]


@pytest.mark.parametrize(
    "uri", ["https://a.example/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:8/", "com.example:/cb"]
)
def test_where_people_may_be_sent(uri: str):
    assert is_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        *("http://a.example/", "https:///x", "data:text/html,x", "myapp:/cb", "https://u@a.example/", "https://[", ""),
        *("https://a.example;script-src/", "https://a.example,b/", "https://*/", "com.example://*;x/", "https://a:b/"),
    ],
)
def test_where_nobody_may_be_sent(uri: str):
    assert not is_redirect_uri(uri)
