"""Nothing secret is kept where it doesn't belong: 200 canaries go in at every door, and are looked for everywhere."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest
from httpx2 import AsyncClient, HTTPError, Response
from starlette.routing import Route
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import WebSocketException

from core.redis import connect
from models.base import Base
from tests.api import Api
from tests.auth.oauth.client import CALLBACK
from tests.auth.prover import Key
from tests.factories import sql
from tests.serving import PROJECT, READY
from tests.test_server import free_port
from tests.transport.pages.browser import hidden
from transport.messages import SUBPROTOCOL

pytestmark = pytest.mark.timeout(180)
FEWEST = 200
SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { ... on Error { message } } }"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { ... on Error { message } } }"
REFRESH = "mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ... on Error { message } } }"
NAMES = (
    "access_token", "refresh_token", "token", "code", "code_verifier", "client_secret", "device_code", "user_code",
    "id_token_hint", "state", "password", "assertion", "captcha", "secret", "request_uri",
)  # fmt: skip
"""What secrets are called in forms and query strings."""
PATHS = ("/", "/nowhere", "/oauth/token", "/oauth/par", "/oauth/authorize", "/oauth/introspect", "/sign-in")


class Canaries:
    """Secrets that can be told from anything else."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def __call__(self) -> str:
        """Another one."""
        self.kept.append(f"canary{os.urandom(12).hex()}x")
        return self.kept[-1]

    def found_in(self, text: str) -> list[str]:
        """Those that a text has."""
        return [each for each in self.kept if each in text]


@pytest.fixture
async def verbose(own_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """The URL and the log of a server that says all it can."""
    port, log = free_port(), tmp_path / "log"
    environment = {**os.environ, "DATABASE_URL": own_url, "REDIS_URL": redis_url, "STARLING_BUILD_EXPLORER": "false"}
    environment["STARLING_ATTEMPTS"] = "1000000"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "tests.verbose", str(port)],
            cwd=PROJECT, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        await _ready(url := f"http://127.0.0.1:{port}")
        yield url, log
    finally:
        process.terminate()
        process.wait(20)


async def _ready(url: str) -> None:
    deadline = time.monotonic() + READY
    async with AsyncClient(base_url=url) as http:
        while True:
            with suppress(HTTPError):
                if (await http.get("/readyz")).status_code == 200:
                    return
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_nothing_secret_is_kept_where_it_does_not_belong(
    verbose: tuple[str, Path], app, own_url: str, redis_url: str
) -> None:
    (url, log), canary = verbose, Canaries()
    paths = sorted({*PATHS, *(route.path for route in app.routes if isinstance(route, Route))})
    async with AsyncClient(base_url=url, timeout=30) as http:
        doors = chain(operations(http, canary), requests(http, canary, paths))
        answers = [answer for request in doors if (answer := await answered(request))]
        await sockets(url, canary)
        assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
        echoed = [name for answer in answers for name in canary.found_in(json.dumps(errors(answer)))]
        issued = await sign_up(http, canary)
        await push(http, canary)
        await fill_pages(http, canary)
        failed = await failures(http, canary, own_url)
        metrics = (await http.get("/metrics")).text
    await asyncio.sleep(0.2)
    assert len(canary.kept) >= FEWEST
    said = log.read_text("utf-8", "replace")
    assert "starling.requests" in said
    assert "Everything is said that may be" in said
    assert said.count("violates check constraint") == said.count("DETAIL: withheld") == len(failed) > 10
    assert {answer.status_code for answer in failed} == {200, 500}, "GraphQL says within an answer what failed"
    assert {
        "log": canary.found_in(said),
        "errors": echoed,
        "failures": canary.found_in("".join(answer.text for answer in failed)),
        "metrics": canary.found_in(metrics),
        "database": canary.found_in(await database(own_url)),
        "redis": canary.found_in(await redis(redis_url)),
    } == {"log": [], "errors": [], "failures": [], "metrics": [], "database": [], "redis": []}
    assert issued not in said


async def answered(request: Awaitable[Response]) -> Response | None:
    """The answer; none where the server has heard enough before all was sent."""
    with suppress(HTTPError):
        return await request
    return None


def operations(http: AsyncClient, canary: Canaries) -> Iterator[Awaitable[Response]]:
    """GraphQL with secrets in every place that it has: good and bad operations, by POST, GET and stream."""

    def person(**changed: object) -> dict[str, object]:
        handle = canary()[:20]
        canary.kept[-1] = canary()  # a handle is no secret
        return {"handle": handle, "name": "C", "email": f"{handle}@example.org", "password": canary()} | changed

    post = lambda **body: http.post("/graphql", json=body)  # noqa: E731
    for _ in range(8):
        yield post(query=SIGN_UP, variables={"input": person()})
        yield post(query=SIGN_IN, variables={"input": {"login": canary(), "password": canary()}})
        yield post(query=REFRESH, variables={"input": {"refreshToken": canary()}})
    yield post(query=SIGN_UP, variables={"input": person(handle="!", email="nobody", password=f"{canary()}\0")})
    yield post(query=SIGN_UP, variables={"input": person(captcha=canary())})
    yield post(query=SIGN_UP, variables={"input": person(password=[canary()])})
    yield post(query=SIGN_UP, variables={"input": person(password={"a": canary()})})
    yield post(query=SIGN_UP, variables={"input": person(unknown=canary())})
    yield post(query=SIGN_UP, variables={"input": canary()})
    yield post(query=SIGN_UP, variables={"inptu": canary()})
    yield post(query=SIGN_IN, variables=canary())
    yield post(query=SIGN_IN, extensions={"token": canary()})
    for inline in (
        'mutation { signIn(input: {login: "ada", password: "%s"}) { __typename } }',
        'mutation { signIn(input: {login: "ada", passwrod: "%s"}) { __typename } }',
        'mutation { signIn(input: {login: "ada", password: %s}) { __typename } }',
        'mutation { refreshSession(input: {refreshToken: "%s"}) { nothing } }',
        'mutation { signIn(input: {login: "ada", password: "%s) { __typename } }',
        '{ node(id: "%s") { id } }',
        '{ latest(after: "%s") { nodes { id } } }',
    ):
        yield post(query=inline % canary())
        yield http.get("/graphql", params={"query": inline % canary()}, headers={"GraphQL-Require-Preflight": "1"})
    for _ in range(4):
        variables = json.dumps({"input": {"login": "ada", "password": canary()}})
        yield http.get("/graphql", params={"query": SIGN_IN, "variables": variables, "token": canary()})
        stream = {"accept": "text/event-stream", "authorization": f"Bearer {canary()}"}
        yield http.post("/graphql", json={"query": "subscription { feedUpdates { __typename } }"}, headers=stream)


def requests(http: AsyncClient, canary: Canaries, paths: list[str]) -> Iterator[Awaitable[Response]]:
    """Secrets where HTTP has room for them, at every path that there is, and some that there aren't."""
    basic = lambda: b64encode(f"{canary()}:{canary()}".encode()).decode()  # noqa: E731
    for path in paths:
        yield http.get(path, params={name: canary() for name in NAMES[:4]})
        yield http.post(path, data={name: canary() for name in NAMES[4:]})
        yield http.post(path, json={name: canary() for name in NAMES[:3]}, headers={"authorization": canary()})
        for value in (f"Bearer {canary()}", f"DPoP {canary()}", f"Basic {basic()}", f"bearer{canary()}"):
            yield http.get(path, headers={"authorization": value, "cookie": f"starling={canary()}; a={canary()}"})
        yield http.get(f"{path}?{quote(canary())}", headers={"x-api-key": canary(), "dpop": canary()})
        yield http.post(path, data={"request_uri": canary()}, headers={"dpop": f"{canary()}.{canary()}.{canary()}"})
        yield http.get(
            path, params={"client_id": "app_1", "request_uri": f"urn:ietf:params:oauth:request_uri:{canary()}"}
        )
    for body in (
        '{"query": "%s"', '{"query": 1, "variables": "%s"}', '["%s"]', '"%s"', "%s", "\0%s", "\ud83d%s",
    ):  # fmt: skip
        for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
            content = (body % canary()).encode("utf-8", "surrogatepass")
            yield http.post("/graphql", content=content, headers={"content-type": kind})
    large = json.dumps({"query": "{ viewer { id } }", "variables": {"x": canary() * 20_000}})
    yield http.post("/graphql", content=large, headers={"content-type": "application/json"})


async def sockets(url: str, canary: Canaries) -> None:
    """Secrets on sockets: in the URL, the headers, the initialisation, and in frames that nobody understands."""
    start = {"type": "connection_init", "payload": {}}
    for first in (
        lambda: {"type": "connection_init", "payload": {"authorization": f"Bearer {canary()}"}},
        lambda: {"type": "connection_init", "payload": {"authorization": f"DPoP {canary()}", "dpop": canary()}},
        lambda: {"type": "connection_init", "payload": {"token": canary()}},
        lambda: {"type": "connection_init", "payload": canary()},
        lambda: {"type": canary()},
        lambda: canary(),
    ):
        for second in (
            lambda: {"type": "subscribe", "id": canary(), "payload": {"query": SIGN_IN, "variables": {"a": canary()}}},
            lambda: {"type": "subscribe", "id": "1", "payload": {"query": f"subscription {{ {canary()} }}"}},
            lambda: f"{{{canary()}",
        ):
            for frames in ([first(), second()], [start, second()]):
                await _say(f"{url.replace('http', 'ws')}/graphql?token={canary()}", canary(), frames)


async def _say(url: str, cookie: str, frames: list[Any]) -> None:
    with suppress(WebSocketException, OSError, TimeoutError):
        async with open_socket(url, subprotocols=[SUBPROTOCOL], additional_headers={"cookie": cookie}) as socket:
            for frame in frames:
                await socket.send(frame if isinstance(frame, str) else json.dumps(frame))
            async with asyncio.timeout(0.1):
                await socket.recv()
                await socket.recv()


async def sign_up(http: AsyncClient, canary: Canaries) -> str:
    """Have real secrets made, which are canaries too, and use them."""
    person = await Api(http).sign_up()
    canary.kept += [person.token, person.refresh_token]
    await Api(http)("{ viewer { id securityEvents { nodes { kind } } } }", person)
    await Api(http).answer(REFRESH, input={"refreshToken": person.refresh_token})
    await Api(http)("mutation { signOut { __typename } }", person)
    return person.token


async def push(http: AsyncClient, canary: Canaries) -> None:
    """Have a real request pushed with a real proof, which are canaries too, and go on with it."""
    app = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    client_id = (await http.post("/oauth/register", json=app)).json()["client_id"]
    proof = Key().proof("POST", "/oauth/par")
    form = {"client_id": client_id, "response_type": "code", "redirect_uri": CALLBACK, "state": canary()}
    pkce = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    uri = (await http.post("/oauth/par", data=form | pkce, headers={"dpop": proof})).json()["request_uri"]
    opened = await http.get("/oauth/authorize", params={"client_id": client_id, "request_uri": uri})
    [further] = parse_qs(urlsplit(opened.headers["location"]).query)["request_uri"]
    assert further != uri
    canary.kept += [proof, uri.rpartition(":")[2], further.rpartition(":")[2]]
    await http.get(opened.headers["location"])


async def fill_pages(http: AsyncClient, canary: Canaries) -> None:
    """The same by pages: passwords that are sent, and secrets that are shown once."""
    handle, password = f"pages_{os.urandom(6).hex()}", canary()
    person = {"handle": handle, "name": "C", "email": f"{handle}@example.org", "password": password}
    token = {"name": "CI", "scope posts:read": "on", "expiresAt": "30"}
    app = {"name": "An app", "website": "", "redirectUris": "https://app.example/back", "kind": "server"}
    await _fill(http, "/sign-up", person)
    for path, sent, secret in (
        ("/account/tokens", token, r"starling_pat_\w+"),
        ("/account/developer/new", app, r"starling_app_[\w-]+"),
    ):
        shown = re.search(secret, (await _fill(http, path, sent)).text)
        assert shown
        canary.kept.append(shown[0])
    await _fill(http, "/account/address", {"email": f"new_{handle}@example.org", "password": canary()})
    await _fill(http, "/account/password", {"currentPassword": canary(), "newPassword": canary()})
    await _fill(http, "/account/password", {"currentPassword": password, "newPassword": canary()})
    canary.kept.append(http.cookies["starling-session"])


async def _fill(http: AsyncClient, path: str, fields: dict[str, str]) -> Response:
    return await http.post(path, data=hidden((await http.get(path)).text) | fields)


async def failures(http: AsyncClient, canary: Canaries, url: str) -> list[Response]:
    """The same with a database that takes no row any more, and says of each that it refuses what is in it."""
    broken = "alter table {} add constraint broken check (false) not valid".format
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for table in Base.metadata.tables:
            await connection.execute(broken(table))
    app = {"redirect_uris": [CALLBACK], "client_name": canary(), "software_statement": canary()}
    doors = chain(operations(http, canary), [http.post("/oauth/register", json=app)])
    answers = [answer for request in doors if (answer := await answered(request))]
    return [answer for answer in answers if "Something went wrong on our side" in answer.text]


def errors(answer: Response) -> Any:
    """What a client puts into its own log."""
    with suppress(ValueError, AttributeError):
        return answer.json().get("errors")
    return None


async def database(url: str) -> str:
    """Every row of every table."""
    from core.database import Database

    db = Database(url)
    tables = await sql(db, "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'")
    assert len(tables) >= len(Base.metadata.tables)
    rows = [await sql(db, f"select t::text as row from {table.name} t") for table in tables]  # noqa: S608
    return "\n".join(row.row for table in rows for row in table)


async def redis(url: str) -> str:
    """Every key with its value, as far as it is of a kind that Starling uses."""
    found = []
    async with connect(url) as client:
        readers = {"string": client.get, "hash": client.hgetall, "set": client.smembers, **_ranges(client)}
        async for key in client.scan_iter(count=1000):
            kind = await client.type(key)
            if kind == "none":  # it has expired meanwhile
                continue
            value = await (client.xrange(key) if kind == "stream" else readers[kind](key))
            found.append(f"{key} {value}")
    return "\n".join(found)


def _ranges(client: Any) -> dict[str, Any]:
    return {"list": lambda key: client.lrange(key, 0, -1), "zset": lambda key: client.zrange(key, 0, -1)}
