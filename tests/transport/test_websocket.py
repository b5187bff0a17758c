"""The socket keeps to graphql-transport-ws, whatever a client sends, over a real server and a real client."""

import asyncio
import json
import math
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from auth.tokens import Verified
from core.errors import NotSignedIn
from core.serving import MAX_MESSAGE
from core.settings import settings
from domain.viewer import Viewer
from live.listener import Listener, State
from tests.listening import listening
from tests.waiting import in_time, until
from transport.cookies import Cookies
from transport.limits import Connections, SocketLimits
from transport.messages import SUBPROTOCOL
from transport.operations import Payload, Response
from transport.websocket import GraphQLOverWebSocket

FLOOD = Payload(json.dumps({"data": "x" * 100_000}), "cursor")


class FakeOperations:
    """Answers by the name of what is asked."""

    def __init__(self):
        self.running = 0

    async def execute(self, viewer, device, request):
        match request.query:
            case "broken {":
                return Response({"errors": [{"message": "Syntax Error"}]}, is_request_error=True)
            case "fails":
                raise RuntimeError("secret detail")
            case "fails to begin":
                return self._fails
            case "endless":
                return partial(self._begin, 1)
            case "three":
                return partial(self._begin, 3, is_over=True)
            case "flood":
                return partial(self._begin, 0)
            case "stubborn":
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(3600)
                return Response({"data": "late"})
        return Response({"data": {"viewer": viewer.user_id, "variables": request.variables}})

    async def _begin(self, count, sink, is_over=False):
        listener = FakeListener(self, sink)
        for number in range(count):
            assert sink.send(Payload(json.dumps({"data": {"number": number}}), "cursor"))
        if is_over:
            listener.leave()
            sink.end()
        elif not count:
            listener.drained()
        return listener

    async def _fails(self, sink):
        raise RuntimeError("secret detail")


class FakeListener(Listener):
    """Floods its sink as often as it is told that there is room."""

    def __init__(self, operations, sink):
        self.sink, self.state, self._operations = sink, State.IN_STEP, operations
        sink.listener = self
        operations.running += 1

    __slots__ = ("_operations",)

    def leave(self):
        if self.state is not State.GONE:
            self.state = State.GONE
            self._operations.running -= 1

    def drained(self):
        while self.state is not State.GONE and self.sink.send(FLOOD):
            pass


class FakeTokens:
    """`Bearer 7:60` is user 7's for a minute, in session 7."""

    async def verified(self, authorization, cookie=None, shown=None, *, in_a_crowd):
        if not authorization:
            return Verified(Viewer(), math.inf)
        scheme, _, token = authorization.partition(" ")
        user, _, seconds = token.partition(":")
        if scheme != "Bearer" or not user.isdigit():
            raise NotSignedIn
        return Verified(Viewer(int(user), int(user)), time.time() + float(seconds))


LIMITS = SocketLimits(init_within=1.0, operations=3, send_within=0.5, messages_at_once=20)


@pytest.fixture(scope="module")
def operations():
    return FakeOperations()


@pytest.fixture(scope="module")
def endpoint(operations):
    return GraphQLOverWebSocket(
        operations, FakeTokens(), Cookies(settings()), allowed_origins=["https://friend.example"], limits=LIMITS
    )


@pytest.fixture(scope="module")
async def url(endpoint):
    async with serving(endpoint) as address:
        yield address


@asynccontextmanager
async def serving(endpoint):
    app = Starlette(routes=[WebSocketRoute("/graphql", endpoint)])
    async with listening(app, ws="core.frames:Frames", ws_max_size=MAX_MESSAGE) as address:
        yield f"{address.replace('http', 'ws')}/graphql"


def client(url, **options):
    return connect(url, subprotocols=[SUBPROTOCOL], **options)


def frame(type, **rest):
    return json.dumps({"type": type, **rest})


def subscribe(query, id="1", **payload):
    return frame("subscribe", id=id, payload={"query": query, **payload})


INIT = frame("connection_init")


async def receive(socket):
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def opened(socket, authorization=None):
    await socket.send(frame("connection_init", payload={"authorization": authorization} if authorization else {}))
    assert await receive(socket) == {"type": "connection_ack"}


async def closing(socket, within=5):
    """The code that the socket is closed with."""
    async with asyncio.timeout(within):
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass
    return socket.close_code


MALFORMED = {
    "not JSON": "{oops",
    "empty": "",
    "array": "[1]",
    "string": '"hi"',
    "number": "1",
    "null": "null",
    "true": "true",
    "deep": "[" * 20_000 + "]" * 20_000,
    "deep object": '{"type":"ping","payload":' * 5_000,
    "too long": frame("ping", payload={"x": "x" * 70_000}),
    "binary": b'{"type":"ping"}',
    "no type": "{}",
    "type is a number": '{"type":1}',
    "type is null": '{"type":null}',
    "type is a list": '{"type":["ping"]}',
    "unknown type": frame("nope"),
    "legacy type": frame("start", id="1", payload={"query": "{a}"}),
    "a server's next": frame("next", id="1", payload={}),
    "a server's error": frame("error", id="1", payload=[]),
    "a server's ack": frame("connection_ack"),
    "init payload string": frame("connection_init", payload="x"),
    "init payload list": frame("connection_init", payload=[]),
    "init authorization number": frame("connection_init", payload={"authorization": 1}),
    "ping payload string": frame("ping", payload="x"),
    "pong payload number": frame("pong", payload=1),
    "complete without id": frame("complete"),
    "complete id number": frame("complete", id=1),
    "subscribe without id": frame("subscribe", payload={"query": "{a}"}),
    "subscribe id number": frame("subscribe", id=1, payload={"query": "{a}"}),
    "subscribe id list": frame("subscribe", id=[], payload={"query": "{a}"}),
    "subscribe id empty": frame("subscribe", id="", payload={"query": "{a}"}),
    "subscribe without payload": frame("subscribe", id="1"),
    "subscribe payload null": frame("subscribe", id="1", payload=None),
    "subscribe payload string": frame("subscribe", id="1", payload="x"),
    "subscribe without query": frame("subscribe", id="1", payload={}),
    "query number": subscribe(1),
    "query null": subscribe(None),
    "variables string": subscribe("{a}", variables="x"),
    "variables list": subscribe("{a}", variables=[]),
    "variables NaN": '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":{"n":NaN}}}',
    "lone surrogate": '{"type":"subscribe","id":"1","payload":{"query":"\\ud800"}}',
    "operationName number": subscribe("{a}", operationName=1),
    "extensions string": subscribe("{a}", extensions="x"),
}


def raw(first, payload, *, masked=True, length=None):
    """A frame as a client that breaks the rules may send it."""
    length = len(payload) if length is None else length
    size = bytes([length]) if length < 126 else b"\x7f" + length.to_bytes(8, "big")
    return bytes([first, size[0] | 0x80 * masked]) + size[1:] + bytes(4 * masked) + payload


BROKEN = {
    "text that isn't UTF-8": raw(0x81, b'{"type":"ping","\xff\xfe"}'),
    "not masked": raw(0x81, b'{"type":"ping"}', masked=False),
    "unknown opcode": raw(0x83, b"x"),
    "reserved bits": raw(0xF1, b"x"),
    "continuation of nothing": raw(0x80, b"x"),
    "fragment in a fragment": raw(0x01, b"x") + raw(0x01, b"x"),
    "fragments that add up to too much": raw(0x01, b"x" * 60_000) + raw(0x80, b"x" * 60_000),
    "too long a control frame": raw(0x89, b"x" * 126),
    "fragmented control frame": raw(0x09, b"x"),
    "too long": raw(0x81, b"x" * 1_000_000),
    "too long by far, and never sent": raw(0x81, b"x", length=2**40),
    "a close code that there isn't": raw(0x88, (999).to_bytes(2, "big")),
    "half a close code": raw(0x88, b"x"),
}


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_frame_closes_the_socket_with_4400(url, frame, quiet):
    async with client(url) as socket:
        await opened(socket)
        socket.transport.write(frame)
        assert await closing(socket) == 4400


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("is_open", [False, True], ids=["before init", "after init"])
async def test_a_malformed_frame_closes_the_socket_with_4400(url, text, is_open):
    async with client(url) as socket:
        if is_open:
            await opened(socket)
        await socket.send(text)
        assert await closing(socket) == 4400


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([subscribe("{a}")], 4401, id="subscribe before init"),
        pytest.param([INIT, INIT], 4429, id="two inits"),
        pytest.param([INIT, subscribe("endless"), subscribe("endless")], 4409, id="id in use"),
        pytest.param([INIT, subscribe("endless", "🦩" * 99), subscribe("endless", "🦩" * 99)], 4409, id="long id"),
        pytest.param([frame("connection_init", payload={"authorization": "Bearer x"})], 4403, id="forged token"),
        pytest.param([frame("connection_init", payload={"authorization": "Basic 7"})], 4403, id="not a bearer"),
        pytest.param([], 4408, id="no init"),
        pytest.param([frame("ping"), frame("pong")], 4408, id="pings are no init"),
        pytest.param([frame("ping")] * 60, 4429, id="too many messages"),
    ],
)
async def test_what_breaks_the_protocol_has_its_close_code(url, frames, code):
    async with client(url) as socket:
        for text in frames:
            await socket.send(text)
        assert await closing(socket) == code


@pytest.mark.parametrize("offered", [["graphql-ws"], ["chat", "other"], None])
async def test_another_subprotocol_is_closed_with_4406(url, offered):
    async with connect(url, subprotocols=offered) as socket:
        assert await closing(socket) == 4406


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://", "http://[", "x", "ftp://HOST"]
)
async def test_a_foreign_page_is_refused_before_the_handshake(url, origin):
    origin = origin.replace("HOST", urlsplit(url).netloc)
    with pytest.raises(InvalidStatus) as refusal:
        async with client(url, origin=origin):
            pass
    assert refusal.value.response.status_code == 403


async def test_our_own_page_and_those_allowed_are_let_in(url):
    own = url.replace("ws://", "http://").removesuffix("/graphql")
    for origin in (own, own.replace("http://", "https://"), "https://friend.example"):
        async with client(url, origin=origin) as socket:
            await opened(socket)


async def test_the_viewer_comes_from_the_init_or_else_from_the_handshake(url):
    async with client(url, additional_headers={"Authorization": "Bearer 8:60"}) as socket:
        await opened(socket)
        await socket.send(subscribe("{a}"))
        assert (await receive(socket))["payload"]["data"]["viewer"] == 8
    async with client(url, additional_headers={"Authorization": "Bearer 8:60"}) as socket:
        await opened(socket, "Bearer 7:60")
        await socket.send(subscribe("{a}", variables={"a": 1}))
        assert (await receive(socket))["payload"]["data"] == {"viewer": 7, "variables": {"a": 1}}
        assert await receive(socket) == {"type": "complete", "id": "1"}


async def test_a_bad_operation_is_an_error_message_and_leaves_the_others_alone(url):
    async with client(url) as socket:
        await opened(socket)
        await socket.send(subscribe("endless", "stays"))
        assert (await receive(socket))["type"] == "next"
        await socket.send(subscribe("broken {", "bad"))
        assert await receive(socket) == {"type": "error", "id": "bad", "payload": [{"message": "Syntax Error"}]}
        await socket.send(subscribe("three", "bad"))
        told = [await receive(socket) for _ in range(4)]
        assert [message["type"] for message in told] == ["next", "next", "next", "complete"]


@pytest.mark.parametrize("query", ["fails", "fails to begin"])
async def test_an_unexpected_failure_is_masked_and_the_socket_lives_on(url, query):
    async with client(url) as socket:
        await opened(socket)
        await socket.send(subscribe(query))
        message = await receive(socket)
        while message["type"] == "next":
            message = await receive(socket)
        assert message["type"] == "error"
        assert "secret" not in json.dumps(message)
        await socket.send(frame("ping", payload={"still": "there"}))
        assert await receive(socket) == {"type": "pong", "payload": {"still": "there"}}


async def test_complete_stops_an_operation_and_frees_its_id(url, operations):
    async with client(url) as socket:
        await opened(socket)
        for _ in range(5):
            await socket.send(subscribe("endless"))
            assert (await receive(socket))["type"] == "next"
            await socket.send(frame("complete", id="1"))
        await socket.send(frame("complete", id="never began"))
        await socket.send(frame("ping"))
        assert (await receive(socket))["type"] == "pong"
        assert operations.running == 0


async def test_an_operation_that_overlooks_its_end_says_nothing_under_the_next_ones_id(url):
    async with client(url) as socket:
        await opened(socket)
        await socket.send(subscribe("stubborn"))
        await socket.send(frame("complete", id="1"))
        await socket.send(subscribe("endless"))
        assert (await receive(socket))["payload"] == {"data": {"number": 0}}
        await socket.send(subscribe("three"))
        assert await closing(socket) == 4409


async def test_a_socket_has_so_many_operations_and_no_more(url):
    async with client(url) as socket:
        await opened(socket)
        for number in range(3):
            await socket.send(subscribe("endless", str(number)))
            assert (await receive(socket))["type"] == "next"
        await socket.send(subscribe("endless", "3"))
        refusal = await receive(socket)
        assert (refusal["type"], refusal["id"]) == ("error", "3")
        assert refusal["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_a_client_that_leaves_takes_its_operations_along(url, operations):
    async with client(url) as socket:
        await opened(socket)
        await socket.send(subscribe("endless"))
        await receive(socket)
        assert operations.running == 1
        socket.transport.abort()
    await until(lambda: not operations.running)


async def test_an_expired_token_closes_the_socket_within_a_second(url):
    async with client(url) as socket:
        await opened(socket, "Bearer 7:0.3")
        started = time.monotonic()
        assert await closing(socket) == 4403
        assert in_time(time.monotonic() - started, 1)


async def test_a_revoked_session_closes_its_sockets_and_no_others(url, endpoint):
    async with client(url) as revoked, client(url) as other, client(url) as nobody:
        await opened(revoked, "Bearer 7:60")
        await opened(other, "Bearer 8:60")
        await opened(nobody)
        endpoint.revoke(lambda viewer: viewer.session_id == 7)
        assert await closing(revoked, within=1) == 4403
        for socket in (other, nobody):
            await socket.send(frame("ping"))
            assert (await receive(socket))["type"] == "pong"


async def test_a_client_that_is_too_slow_is_let_go_of(url, operations):
    async with client(url, max_queue=1, compression=None) as socket:
        await opened(socket)
        await socket.send(subscribe("flood"))
        await asyncio.sleep(0.8)  # reads nothing meanwhile
        assert await closing(socket) == 4499


async def test_a_process_that_ends_sends_clients_elsewhere_in_slices_and_takes_no_more(operations):
    endpoint = GraphQLOverWebSocket(operations, FakeTokens(), Cookies(settings()))
    async with serving(endpoint) as address:
        sockets = [await client(address) for _ in range(120)]
        for socket in sockets:
            await opened(socket)
        draining = asyncio.create_task(endpoint.drain(20.0))
        await asyncio.sleep(0.25)
        assert 50 <= len([socket for socket in sockets if socket.close_code]) <= 100
        with pytest.raises(InvalidStatus) as refusal:
            await client(address)
        assert refusal.value.response.status_code == 503
        await draining
        assert [await closing(socket) for socket in sockets] == [1012] * 120


async def test_connections_are_limited_by_process_address_and_person(operations):
    for connections, status in ((Connections(per_process=2), 503), (Connections(per_address=2), 429)):
        async with serving(
            GraphQLOverWebSocket(operations, FakeTokens(), Cookies(settings()), connections=connections)
        ) as address:
            first, _ = await client(address), await client(address)
            with pytest.raises(InvalidStatus) as refusal:
                await client(address)
            assert refusal.value.response.status_code == status
            await first.close()
            await until(lambda connections=connections: connections.open < 2)
            await client(address)
    endpoint = GraphQLOverWebSocket(operations, FakeTokens(), Cookies(settings()), connections=Connections(per_user=1))
    async with serving(endpoint) as address, client(address) as one, client(address) as two, client(address) as other:
        await opened(one, "Bearer 7:60")
        await opened(other, "Bearer 8:60")
        await two.send(frame("connection_init", payload={"authorization": "Bearer 7:60"}))
        assert await closing(two) == 4429
        await one.close()
        async with client(address) as three:
            await opened(three, "Bearer 7:60")


async def test_a_restart_sends_clients_elsewhere(operations):
    endpoint = GraphQLOverWebSocket(operations, FakeTokens(), Cookies(settings()))
    async with serving(endpoint) as address:
        async with client(address) as socket:
            await opened(socket)
            endpoint.close_all()
            assert await closing(socket) == 1012
        left = await client(address)
        await opened(left)
    assert await closing(left) == 1012
