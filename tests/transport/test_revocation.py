"""Who signs out at one process is out of every other within a second, whatever connection it was, Redis or not."""

import asyncio
import json
import time
from contextlib import suppress

import pytest
from httpx2 import AsyncClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.api import Api
from tests.serving import TOGETHER, serving
from tests.wire import Wire
from transport.messages import SUBPROTOCOL

pytestmark = pytest.mark.timeout(120)
FEED = "subscription { feedUpdates { __typename } }"
SIGN_OUT = "mutation { signOut { ... on SignOutSuccess { signedOut } } }"


async def closing(url, person):
    """The code that a socket is closed with, and when."""
    async with connect(url.replace("http", "ws") + "/graphql", subprotocols=[SUBPROTOCOL]) as socket:
        await socket.send(
            json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {person.token}"}})
        )
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": FEED}}))
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass
        return socket.close_code, time.monotonic()


async def ending(url, person):
    """What a stream said last, and when."""
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {person.token}"}
    async with (
        AsyncClient(base_url=url, timeout=30) as http,
        http.stream("POST", "/graphql", json={"query": FEED}, headers=headers) as response,
    ):
        lines = [line async for line in response.aiter_lines() if line]
    return lines[-1], time.monotonic()


async def test_signing_out_elsewhere_ends_sockets_and_streams_within_a_second(own_url, redis_url, tmp_path):
    async with Wire.to(redis_url) as wire:
        with (
            serving(own_url, wire.url, tmp_path / "one", **TOGETHER) as one,
            serving(own_url, wire.url, tmp_path / "two", **TOGETHER) as two,
        ):
            async with AsyncClient(base_url=two.url, timeout=30) as http:
                api = Api(http)
                for is_cut in (False, True):
                    ada, bob = await api.sign_up(), await api.sign_up()
                    ends = [asyncio.create_task(end(one.url, ada)) for end in (closing, ending)]
                    others = [asyncio.create_task(end(one.url, bob)) for end in (closing, ending)]
                    await asyncio.sleep(0.5)
                    if is_cut:
                        await wire.cut()
                        await asyncio.sleep(0.5)
                    await api(SIGN_OUT, ada)
                    signed_out = time.monotonic()
                    (code, closed), (last, ended) = await asyncio.wait_for(asyncio.gather(*ends), 20)
                    assert (code, last) == (4403, ":")
                    assert max(closed, ended) < signed_out + 1
                    assert not any(other.done() for other in others)
                    for other in others:
                        other.cancel()


async def test_a_token_that_expires_ends_sockets_and_streams_within_a_second(own_url, redis_url, tmp_path):
    with serving(own_url, redis_url, tmp_path / "log", STARLING_ACCESS_TOKEN_SECONDS="2") as server:
        async with AsyncClient(base_url=server.url, timeout=30) as http:
            ada = await Api(http).sign_up()
            issued = time.monotonic()
            (code, closed), (last, ended) = await asyncio.wait_for(
                asyncio.gather(closing(server.url, ada), ending(server.url, ada)), 20
            )
    assert (code, last) == (4403, ":")
    assert max(closed, ended) < issued + 3
