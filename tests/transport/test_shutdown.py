"""A process that is asked to end does so in order: nobody's request is dropped, and sockets are told where to go."""

import asyncio
import os
import signal
import time
from contextlib import suppress

import pytest
from httpx2 import AsyncClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.serving import serving
from transport.messages import SUBPROTOCOL

pytestmark = pytest.mark.timeout(120)


async def closing(socket):
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass
    return socket.close_code, time.monotonic()


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two workers"])
async def test_sigterm_ends_sockets_in_slices_while_requests_are_answered(own_url, redis_url, tmp_path, options):
    settings = {"STARLING_DRAIN_SECONDS": "3", "STARLING_DEMO": "false", "STARLING_BUILD_EXPLORER": "false"}
    with serving(own_url, redis_url, tmp_path / "log", *options, **settings) as server:
        socket_url = server.url.replace("http", "ws") + "/graphql"
        sockets = [await connect(socket_url, subprotocols=[SUBPROTOCOL]) for _ in range(20)]
        closings = [asyncio.create_task(closing(socket)) for socket in sockets]
        async with AsyncClient(base_url=server.url) as http:
            assert (await http.get("/readyz")).status_code == 200
            os.kill(server.pid, signal.SIGTERM)
            asked = time.monotonic()
            unready, closed = 0, 0
            while time.monotonic() < asked + 2.5:
                ready = await http.get("/readyz")
                answer = await http.post("/graphql", json={"query": "{ __typename }"})
                assert answer.json() == {"data": {"__typename": "Query"}}
                unready += ready.status_code == 503
                closed += answer.headers.get("connection") == "close"
                await asyncio.sleep(0.1)
            assert unready >= 10
            assert closed >= 10
        ends = await asyncio.wait_for(asyncio.gather(*closings), 20)
        assert {code for code, _ in ends} == {1012}
        while _lives(server.pid):
            assert time.monotonic() < asked + 20
            await asyncio.sleep(0.1)
    assert "raceback" not in (tmp_path / "log").read_text("utf-8")


def _lives(pid: int) -> bool:
    done, _ = os.waitpid(pid, os.WNOHANG)
    return not done
