"""Who opens a socket by a token that is bound to a key proves to have it (RFC 9449), in headers or its first frame."""

import json
from contextlib import suppress

import pytest
from httpx2 import AsyncClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from core.settings import settings
from tests.auth.prover import Key
from transport.messages import SUBPROTOCOL

pytestmark = pytest.mark.xdist_group("browser")  # which has a server already
PATH, FORBIDDEN = "/graphql", 4403
APP = {"client_name": "Bound", "grant_types": ["client_credentials"], "dpop_bound_access_tokens": True}


@pytest.fixture
async def bound(server: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Key, str]:
    """A key, and an access token of an app's that is bound to it."""
    monkeypatch.setattr(settings(), "public_url", server)
    key = Key()
    async with AsyncClient(base_url=server) as http:
        known = (await http.post("/oauth/register", json=APP)).json()
        form = {"grant_type": "client_credentials", "scope": "posts:read"}
        proof, secret = {"dpop": key.proof("POST", "/oauth/token")}, (known["client_id"], known["client_secret"])
        tokens = (await http.post("/oauth/token", data=form, auth=secret, headers=proof)).json()
    return key, tokens["access_token"]


async def opening(server: str, payload: dict, headers: dict | None = None) -> dict | int:
    """How a socket answers who says this: with what it was asked, or with its code."""
    url = server.replace("http", "ws") + PATH
    async with connect(url, subprotocols=[SUBPROTOCOL], additional_headers=headers) as socket:
        with suppress(ConnectionClosed):
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            asked = {"query": "{ latest(first: 1) { nodes { __typename } } }"}
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": asked}))
            return json.loads(await socket.recv())["payload"]
    assert socket.close_code
    return socket.close_code


async def test_a_socket_is_opened_with_a_proof_of_its_handshake(server: str, bound: tuple[Key, str]):
    key, token = bound
    said = key.headers("GET", PATH, token)
    seen = {"data": {"latest": {"nodes": [{"__typename": "Post"}]}}}
    assert await opening(server, said) == seen
    assert await opening(server, {}, key.headers("GET", PATH, token)) == seen
    assert await opening(server, said) == FORBIDDEN, "it is good once"


async def test_a_socket_is_not_opened_without_one(server: str, bound: tuple[Key, str]):
    key, token = bound
    for payload in (
        {"authorization": f"DPoP {token}"},
        {"authorization": f"Bearer {token}", "dpop": key.proof("GET", PATH, token)},
        {"authorization": f"DPoP {token}", "dpop": key.proof("POST", PATH, token)},
        {"authorization": f"DPoP {token}", "dpop": key.proof("GET", PATH)},
        Key().headers("GET", PATH, token),
    ):
        assert await opening(server, payload) == FORBIDDEN
    assert await opening(server, {"authorization": f"DPoP {token}", "dpop": 1}) == 4400
