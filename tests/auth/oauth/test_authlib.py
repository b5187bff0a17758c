"""Authlib's own client, as an integrator would use it."""

import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from httpx2 import ASGITransport
from starlette.applications import Starlette

from auth.oauth import authorize
from auth.oauth.metadata import metadata
from core.database import Database
from tests.api import Person
from tests.auth.oauth.client import CALLBACK, HERE, App, in_front


@pytest.fixture
async def client(app: Starlette, web: App):
    async with AsyncOAuth2Client(
        web.client_id,
        web.secret,
        scope="openid posts:read offline_access",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        transport=ASGITransport(app, client=("192.0.2.9", 1)),
    ) as client:
        yield client


async def test_authlib_gets_uses_renews_inspects_and_revokes_tokens(client, db: Database, ada: Person):
    server, verifier = metadata(), "v" * 64
    url, state = client.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
    back = await authorize.approve(db, url.partition("?")[2], in_front(ada), HERE)
    token = await client.fetch_token(
        server["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    assert (await client.get(server["userinfo_endpoint"])).json() == {"sub": ada.id}
    renewed = await client.refresh_token(server["token_endpoint"], token["refresh_token"])
    assert renewed["refresh_token"] != token["refresh_token"]
    told = await client.introspect_token(server["introspection_endpoint"], token=renewed["access_token"])
    assert told.json()["active"] is True
    await client.revoke_token(server["revocation_endpoint"], token=renewed["refresh_token"])
    told = await client.introspect_token(server["introspection_endpoint"], token=renewed["access_token"])
    assert told.json() == {"active": False}


async def test_authlib_acts_for_the_app_itself(client):
    token = await client.fetch_token(metadata()["token_endpoint"], grant_type="client_credentials", scope="posts:read")
    assert token["scope"] == "posts:read"
