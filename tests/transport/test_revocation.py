"""What ends a session at one process ends it at every other within a second, on every surface, Redis or not."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from httpx2 import AsyncClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from auth import tokens
from auth.keys import ring
from core.database import Database
from core.settings import settings
from domain import sessions
from domain.scopes import ASKABLE, LENDABLE
from tests.api import PASSWORD, Api, Person
from tests.auth.oauth.client import App
from tests.factories import sql
from tests.serving import TOGETHER, serving
from tests.waiting import in_time, until
from tests.wire import Wire
from transport.messages import SUBPROTOCOL

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("revocation")]
FEED = "subscription { feedUpdates { __typename } }"
REFRESH = "mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }"
LONG_AGO = "update refresh_tokens set used_at = now() - interval '11 seconds' where used_at is not null"
QUIET = {"STARLING_DEMO": "false", "STARLING_WORKER": "false", "STARLING_BUILD_EXPLORER": "false"}
SETTINGS = TOGETHER | QUIET | {"STARLING_WRITE_BURST": "1000000"}  # everybody signs up from one address

Headers = dict[str, str]
Way = tuple[Headers, Callable[[], Awaitable[object]]]
"""How somebody shows who they are, at the one process, and what ends that at the other."""


@dataclass(frozen=True)
class Processes:
    """Two of them, which share a database, and a Redis that may go away."""

    here: str
    there: str
    api: Api
    """Whoever talks to the one there."""
    db: Database
    redis: Wire


@pytest.fixture(scope="module")
async def processes(shared_url, redis_url, tmp_path_factory):
    log = tmp_path_factory.mktemp("processes")
    async with Wire.to(redis_url) as wire:
        with (
            serving(shared_url, wire.url, log / "here", **SETTINGS) as here,
            serving(shared_url, wire.url, log / "there", **SETTINGS) as there,
        ):
            db = Database(shared_url)
            await db.open()
            async with AsyncClient(base_url=there.url, timeout=30) as http:
                yield Processes(here.url, there.url, Api(http), db, wire)
            await db.close()


@pytest.fixture(scope="module", params=["there", "silent", "away"])
async def redis(request, processes):
    if request.param == "silent":
        processes.redis.silence()
    elif request.param == "away":
        await processes.redis.cut()


@asynccontextmanager
async def socket(url: str, headers: Headers):
    """A socket that follows the feed; bearers are shown in its first message, as clients do."""
    payload = {name: value for name, value in headers.items() if name == "authorization"}
    shown = {name: value for name, value in headers.items() if name not in payload}
    address = url.replace("http", "ws") + "/graphql"
    async with connect(address, subprotocols=[SUBPROTOCOL], additional_headers=shown) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": FEED}}))
        yield socket


async def closed(socket) -> int | None:
    """The code that a socket is closed with."""
    try:
        async for _ in socket:
            pass
    except ConnectionClosed:
        pass
    return socket.close_code


@asynccontextmanager
async def stream(url: str, headers: Headers):
    """The lines of a stream that follows the feed."""
    async with (
        AsyncClient(base_url=url, timeout=30) as http,
        http.stream(
            "POST", "/graphql", json={"query": FEED}, headers={"accept": "text/event-stream"} | headers
        ) as sent,
    ):
        lines = sent.aiter_lines()
        assert await anext(lines) == ":"
        yield lines


async def ended(lines) -> str:
    """What a stream said last."""
    last = ":"
    async for line in lines:
        last = line or last
    return last


async def is_let_in(http: AsyncClient, headers: Headers) -> bool:
    answer = await http.post("/graphql", json={"query": "{ viewer { followerCount } }"}, headers=headers)
    return bool((answer.json().get("data") or {}).get("viewer"))


async def refused(http: AsyncClient, headers: Headers) -> None:
    """As soon as these let nobody in."""

    async def are_void() -> bool:
        return not await is_let_in(http, headers)

    await until(are_void)


def bearer(token: str) -> Headers:
    return {"authorization": f"Bearer {token}"}


async def signed_out(at: Processes) -> Way:
    ada = await at.api.sign_up()
    return bearer(ada.token), partial(at.api.mutate_bare, "signOut", ada)


async def signed_out_from_elsewhere(at: Processes) -> Way:
    ada = await at.api.sign_up()
    return bearer(await again(at, ada)), partial(at.api.mutate_bare, "endOtherSessions", ada)


async def password_changed(at: Processes) -> Way:
    ada = await at.api.sign_up()
    given = {"currentPassword": PASSWORD, "newPassword": "another horse altogether"}
    return bearer(await again(at, ada)), partial(at.api.mutate, "changePassword", ada, **given)


async def again(at: Processes, person: Person) -> str:
    """The token of another sign-in."""
    made = await at.api.mutate("signIn", select="session { accessToken }", login=person.handle, password=PASSWORD)
    return made["session"]["accessToken"]


async def refresh_replayed(at: Processes) -> Way:
    ada = await at.api.sign_up()
    await at.api(REFRESH, token=ada.refresh_token)
    await sql(at.db, LONG_AGO)
    return bearer(ada.token), partial(at.api, REFRESH, token=ada.refresh_token)


async def suspended(at: Processes) -> Way:
    ada, moderator = [await at.api.sign_up() for _ in range(2)]
    await sql(at.db, "update accounts set role = 'MODERATOR' where user_id = :id", id=moderator.number)
    return bearer(ada.token), partial(at.api.mutate, "suspendUser", moderator, userId=ada.id, reason="Spam.")


async def cookie_ended(at: Processes) -> Way:
    ada, http = await at.api.sign_up(), at.api.http
    given = {"login": ada.handle, "password": PASSWORD}
    assert (await http.post("/session", json=given, headers={"origin": at.there})).status_code == 204
    cookie = f"starling-session={http.cookies['starling-session']}"
    http.cookies.clear()
    end = partial(http.delete, "/session", headers={"cookie": cookie, "origin": at.there})
    return {"cookie": cookie, "origin": at.here}, end


async def personal_token_revoked(at: Processes) -> Way:
    ada = await at.api.sign_up()
    select, scopes = "created { token personalToken { id } }", sorted(LENDABLE)
    made = (await at.api.mutate("createPersonalToken", ada, select, name="CI", scopes=scopes))["created"]
    end = partial(at.api.mutate, "revokePersonalToken", ada, personalTokenId=made["personalToken"]["id"])
    return bearer(made["token"]), end


async def app_deauthorized(at: Processes) -> Way:
    app, ada, tokens = await lent(at)
    return bearer(tokens["access_token"]), partial(at.api.mutate, "deauthorizeApp", ada, appId=app.client_id)


async def apps_access_token_revoked(at: Processes) -> Way:
    app, _, tokens = await lent(at)
    return bearer(tokens["access_token"]), partial(app.post, "/oauth/revoke", token=tokens["access_token"])


async def apps_refresh_token_revoked(at: Processes) -> Way:
    app, _, tokens = await lent(at)
    return bearer(tokens["access_token"]), partial(app.post, "/oauth/revoke", token=tokens["refresh_token"])


async def apps_refresh_token_replayed(at: Processes) -> Way:
    app, _, tokens = await lent(at)
    renewed = (await app.renew(tokens["refresh_token"])).json()
    await sql(at.db, LONG_AGO)
    return bearer(renewed["access_token"]), partial(app.renew, tokens["refresh_token"])


async def code_replayed(at: Processes) -> Way:
    app, ada = await App.make(at.db, at.api.http), await at.api.sign_up()
    code = (await app.ask(ada, scope=" ".join(ASKABLE)))["code"]
    tokens = (await app.redeem(code)).json()
    return bearer(tokens["access_token"]), partial(app.redeem, code)


async def lent(at: Processes) -> tuple[App, Person, dict]:
    """An app, somebody who lets it do all that it may, and its tokens."""
    app, ada = await App.make(at.db, at.api.http), await at.api.sign_up()
    return app, ada, await app.tokens(ada, scope=" ".join(ASKABLE))


WAYS = [
    *(signed_out, signed_out_from_elsewhere, password_changed, refresh_replayed, suspended),
    *(cookie_ended, personal_token_revoked),
    *(app_deauthorized, apps_access_token_revoked, apps_refresh_token_revoked, apps_refresh_token_replayed),
    code_replayed,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_an_ended_session_is_over_elsewhere_within_a_second(processes, redis, way):
    headers, end = await way(processes)
    bystander = bearer((await processes.api.sign_up()).token)
    async with (
        AsyncClient(base_url=processes.here, timeout=30) as http,
        socket(processes.here, headers) as its_socket,
        stream(processes.here, headers) as its_stream,
        socket(processes.here, bystander) as other_socket,
        stream(processes.here, bystander) as other_stream,
    ):
        others = [asyncio.create_task(closed(other_socket)), asyncio.create_task(ended(other_stream))]
        assert await is_let_in(http, headers)
        await end()
        at = time.monotonic()
        endings = asyncio.gather(closed(its_socket), ended(its_stream), refused(http, headers))
        code, last, _ = await asyncio.wait_for(endings, 20)
        assert in_time(time.monotonic() - at, 1)
        assert (code, last) == (4403, ":")
        assert not any(each.done() for each in others)
        for each in others:
            each.cancel()


async def test_a_token_that_expires_ends_sockets_and_streams_within_a_second(processes, monkeypatch):
    monkeypatch.setattr(ring, "_pairs", [])
    monkeypatch.setattr(settings(), "public_url", TOGETHER["STARLING_PUBLIC_URL"])
    monkeypatch.setattr(settings(), "access_token_seconds", 2)
    await ring.load(processes.db)
    ada = await processes.api.sign_up()
    async with processes.db.write() as tx:
        session = await sessions.begin(tx, sessions.Known(ada.number))
    headers, issued = bearer(tokens.issue(ada.number, session.session_id)), time.monotonic()
    async with socket(processes.here, headers) as its_socket, stream(processes.here, headers) as its_stream:
        code, last = await asyncio.wait_for(asyncio.gather(closed(its_socket), ended(its_stream)), 20)
    assert (code, last) == (4403, ":")
    assert in_time(time.monotonic() - issued, 3)
