"""What HTTP has around operations: origins, encodings, allowances, limits on bodies, and headers of production."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from zstandard import ZstdDecompressor

from core.settings import Settings, settings
from tests.api import Api
from transport.application import assemble
from transport.limits import Connections

JSON = "application/json"
APP, OTHER = "https://app.example", "https://evil.example"
LONG = {"query": "{ __schema { types { name description } } }"}


@pytest.fixture(scope="module")
async def edge(database_url: str, redis_url: str) -> AsyncIterator[Starlette]:
    """A process in production that lets one origin's pages in, and has little patience."""
    config = Settings(
        database_url=database_url,
        redis_url=redis_url,
        env="production",
        cors_origins=APP,
        limit_body=2048,
        limit_body_seconds=0.2,
    )
    app = assemble(config)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def production(edge: Starlette) -> AsyncIterator[Api]:
    """A client of its own."""
    async with Api.of(edge) as client:
        yield client


# Pages of other origins


def preflight(origin: str, headers: str = "authorization, content-type") -> dict[str, str]:
    return {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": headers}


async def test_a_page_of_an_origin_that_is_set_may_call_and_read(production: Api):
    asked = await production.http.options("/graphql", headers=preflight(APP))
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == APP
    assert asked.headers["access-control-max-age"] == "7200"
    assert {"authorization", "content-type", "dpop", "graphql-require-preflight"} <= set(
        asked.headers["access-control-allow-headers"].lower().split(", ")
    )
    called = await production.http.post("/graphql", json={"query": "{ __typename }"}, headers={"origin": APP})
    assert called.headers["access-control-allow-origin"] == APP
    assert called.headers["access-control-expose-headers"] == "RateLimit, RateLimit-Policy, Retry-After"
    assert "origin" in called.headers["vary"].lower()
    for response in (asked, called):
        assert "access-control-allow-credentials" not in response.headers


async def test_a_page_of_another_origin_may_not(production: Api, api: Api):
    for client in (production, api):
        asked = await client.http.options("/graphql", headers=preflight(OTHER))
        assert asked.status_code >= 400
        called = await client.http.post("/graphql", json={"query": "{ __typename }"}, headers={"origin": OTHER})
        for response in (asked, called):
            assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "origins", ["app.example", "https://app.example/", "https://App.example", "*,https://a.example"]
)
def test_what_is_no_origin_is_refused(origins: str):
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(cors_origins=origins)


def test_a_star_lets_everybodys_pages_in_and_still_no_credentials(database_url: str, redis_url: str):
    config = Settings(database_url=database_url, redis_url=redis_url, cors_origins="*", build_explorer=False)
    with TestClient(assemble(config)) as client:
        called = client.post("/graphql", json={"query": "{ __typename }"}, headers={"origin": OTHER})
        assert called.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in called.headers
        with client.websocket_connect(
            "/graphql", subprotocols=["graphql-transport-ws"], headers={"origin": OTHER}
        ) as socket:
            socket.send_json({"type": "connection_init"})
            assert socket.receive_json() == {"type": "connection_ack"}


def test_origins_stand_between_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STARLING_CORS_ORIGINS", "https://a.example, http://localhost:3000")
    assert Settings().cors_origins == ("https://a.example", "http://localhost:3000")


# Production


async def test_production_insists_on_https_and_no_frames(production: Api, api: Api):
    for path, headers in (("/healthz", {}), ("/nowhere", {}), ("/graphql", {"accept": "text/html"}), ("/graphql", {})):
        response = await production.http.get(path, headers=headers)
        assert response.headers["strict-transport-security"] == "max-age=63072000"
        assert response.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "strict-transport-security" not in (await api.http.get("/healthz")).headers


# Encodings


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("GZIP;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("*", "zstd"),
        ("gzip;q=0", None),
        ("br", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_a_long_answer_is_compressed_as_the_client_likes_best(api: Api, accepted: str, encoding: str | None):
    plain = (await api.post(**LONG)).json()
    async with api.http.stream("POST", "/graphql", json=LONG, headers={"accept-encoding": accepted}) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers.get("content-encoding") == encoding
    assert "accept-encoding" in response.headers["vary"].lower()
    assert int(response.headers["content-length"]) == len(raw)
    decode = {"zstd": ZstdDecompressor().decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert json.loads(decode(raw)) == plain


async def test_a_short_answer_is_sent_as_it_is(api: Api):
    response = await api.post("{ __typename }", **{"accept-encoding": "gzip, zstd"})
    assert "content-encoding" not in response.headers


# Allowances


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers may spend 10 at once, and get 1 back each second."""
    monkeypatch.setattr(settings(), "rate_burst", 10)
    monkeypatch.setattr(settings(), "rate_per_second", 1.0)


async def test_an_answer_says_what_is_left(app: Starlette):
    async with Api.of(app) as api:
        response = await api.post("{ viewer { id } }")
    burst = settings().rate_burst
    window = round(burst / settings().rate_per_second)
    assert response.headers["ratelimit-policy"] == f'"operations";q={burst};w={window};starling-unit="price"'
    assert response.headers["ratelimit"] == f'"operations";r={burst - 1};t=1'


@pytest.mark.usefixtures("poor")
async def test_who_has_spent_it_all_is_told_when_to_come_back(app: Starlette):
    async with Api.of(app) as api:
        query = "{ latest(first: 8) { nodes { id } } viewer { id } }"
        while (response := await api.post(query)).status_code == 200:
            pass
        assert response.status_code == 429
        seconds = int(response.headers["retry-after"])
        assert 1 <= seconds <= 10
        assert response.headers["ratelimit"].endswith(f";t={seconds}")
        assert response.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": seconds}


# Bodies


@pytest.mark.parametrize(
    "content_type", ["application/jsonfoo", "application/json5", "text/json", "application/graphql"]
)
async def test_only_json_is_json(api: Api, content_type: str):
    response = await api.http.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers={"content-type": content_type}
    )
    assert response.status_code == 415


async def test_a_body_is_only_so_long(production: Api):
    response = await production.post("{ __typename }", {"x": "y" * 2048})
    assert response.status_code == 413
    assert response.json()["errors"][0]["message"] == "A request is at most 2 KiB."


@pytest.mark.parametrize("depth", [900, 1100, 100_000])
async def test_json_is_only_so_deep(api: Api, depth: int):
    body = '{"query": "{ __typename }", "variables": {"a": ' + "[" * depth + "]" * depth + "}}"
    response = await api.http.post("/graphql", content=body, headers={"content-type": JSON})
    assert response.status_code == (200 if depth < 1000 else 400)


@pytest.mark.parametrize("trickles", [False, True])
async def test_a_body_that_never_ends_is_given_up(production: Api, trickles: bool):
    async def body():
        yield b'{"query": "{ __typename }'
        while trickles:
            await asyncio.sleep(0.05)
            yield b" "
        await asyncio.sleep(30)

    async with asyncio.timeout(5):
        response = await production.http.post("/graphql", content=body(), headers={"content-type": JSON})
    assert response.status_code == 408
    assert response.headers["connection"] == "close"
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


async def test_batches_are_refused(api: Api):
    response = await api.http.post("/graphql", json=[{"query": "{ __typename }"}])
    assert response.status_code == 400
    assert "batches are not supported" in response.json()["errors"][0]["message"]


def test_an_ipv6_network_has_the_connections_of_one_address():
    connections = Connections(per_address=2)
    assert [connections.enter(f"2001:db8::{n}") for n in (1, 2, 3)] == [True, True, False]
    assert connections.enter("2001:db8:0:1::1")
    connections.leave("2001:db8::9")
    assert connections.enter("2001:db8::3")
