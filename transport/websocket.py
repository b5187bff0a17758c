"""`/graphql` over WebSocket: graphql-transport-ws, with its close codes.

https://github.com/enisdenny/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from auth.tokens import Tokens
from core.errors import NotSignedIn, Unavailable
from domain.viewer import Viewer
from transport import messages
from transport.errors import masked
from transport.messages import SUBPROTOCOL, Complete, End, Init, Malformed, Message, Ping, Pong, Subscribe
from transport.operations import Answer, Request, Response

logger = logging.getLogger("starling.sockets")
requests = logging.getLogger("starling.requests")


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may do. Seconds, and counts."""

    init_within: float = 10.0
    send_within: float = 30.0
    operations: int = 100
    characters: int = 64 * 1024
    messages_per_second: float = 50.0
    messages_at_once: float = 100.0


class Operations(Protocol):
    """What runs operations: `transport.operations.Operations`."""

    async def execute(self, viewer: Viewer, address: str, request: Request) -> Answer:
        """The answer, or a subscription's answers."""


class GraphQLOverWebSocket:
    """The endpoint, and all its open sockets."""

    def __init__(
        self,
        operations: Operations,
        tokens: Tokens,
        *,
        allowed_origins: Collection[str] = (),
        limits: SocketLimits | None = None,
    ) -> None:
        self._operations, self._tokens = operations, tokens
        self._allowed_origins = frozenset(allowed_origins)
        self._limits = limits or SocketLimits()
        self._sockets: set[Socket] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends."""
        websocket = WebSocket(scope, receive, send)
        if not self._is_from_here(websocket.headers):
            await websocket.close()  # before it is accepted: HTTP 403
            return
        offered = websocket.scope.get("subprotocols") or [None]
        if SUBPROTOCOL not in offered:
            # Without one of what it offered, a client would fail before it sees why.
            await websocket.accept(offered[0])
            await websocket.close(*messages.WRONG_SUBPROTOCOL)
            return
        await websocket.accept(SUBPROTOCOL)
        socket = Socket(websocket, self._operations, self._tokens, self._limits)
        self._sockets.add(socket)
        try:
            await socket.serve()
        finally:
            self._sockets.discard(socket)

    def _is_from_here(self, headers: Headers) -> bool:
        """Whether a page of ours opened it, or no page."""
        origin = headers.get("origin")
        if origin is None or origin in self._allowed_origins:
            return True
        try:
            scheme, host, *_ = urlsplit(origin)
        except ValueError:
            return False
        return scheme in ("http", "https") and host.lower() == headers.get("host", "").lower()

    def revoke(self, session_id: int) -> None:
        """Close the sockets of a session that has ended."""
        for socket in list(self._sockets):
            if socket.viewer and socket.viewer.session_id == session_id:
                socket.end(messages.FORBIDDEN)

    def close_all(self) -> None:
        """Send everybody elsewhere, or back with their tokens to be verified anew."""
        for socket in list(self._sockets):
            socket.end(messages.RESTARTING)


class Socket:
    """One client."""

    def __init__(self, websocket: WebSocket, operations: Operations, tokens: Tokens, limits: SocketLimits) -> None:
        self.viewer: Viewer | None = None
        """None until the client has said who it is."""
        self._websocket, self._operations, self._tokens, self._limits = websocket, operations, tokens, limits
        self._address = websocket.client.host if websocket.client else "unknown"
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._messages_left, self._counted_at = limits.messages_at_once, time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[End | None] = self._loop.create_future()
        self._deadline = self._loop.call_later(limits.init_within, self.end, messages.INIT_TIMEOUT)
        """Of the initialisation, later of the token."""

    def end(self, end: End | None) -> None:
        """Close the socket, unless it has been decided already how. None: the client has gone."""
        if not self._ended.done():
            self._ended.set_result(end)

    async def serve(self) -> None:
        """Read and answer until somebody ends it."""
        self._spawn(self._read())
        try:
            end = await self._ended
        finally:
            self._deadline.cancel()
            for task in self._tasks:
                task.cancel()
        if end is not None:
            await self._close(end)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _close(self, end: End) -> None:
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(self._limits.send_within):
                await self._websocket.close(*end)

    def _spawn(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _read(self) -> None:
        try:
            while not self._ended.done():
                frame = await self._websocket.receive()
                if frame["type"] == "websocket.disconnect":
                    self.end(None)
                elif not self._allows_another():
                    self.end(messages.TOO_MANY_MESSAGES)
                else:
                    await self._handle(self._parse(frame.get("text")))
        except Malformed as error:
            self.end(messages.malformed(str(error)))
        except WebSocketDisconnect:
            self.end(None)
        except Exception:
            logger.exception("A socket failed")
            self.end(messages.FAILED)

    def _allows_another(self) -> bool:
        now, limits = time.monotonic(), self._limits
        regained = (now - self._counted_at) * limits.messages_per_second
        self._messages_left = min(limits.messages_at_once, self._messages_left + regained) - 1
        self._counted_at = now
        return self._messages_left >= 0

    def _parse(self, text: str | None) -> Message:
        if text is None:
            raise Malformed("Only text frames are understood.")
        if len(text) > self._limits.characters:
            raise Malformed(f"A frame is at most {self._limits.characters // 1024} KiB.")
        return messages.parse(text)

    async def _handle(self, message: Message) -> None:
        match message:
            case Init():
                await self._initialise(message)
            case Ping():
                await self._send("pong", payload=message.payload)
            case Pong():
                pass
            case Subscribe():
                await self._start(message)
            case Complete():
                if task := self._running.pop(message.id, None):
                    task.cancel()

    async def _initialise(self, message: Init) -> None:
        if self.viewer is not None:
            self.end(messages.TOO_MANY_INITS)
            return
        try:
            authorization = message.authorization or self._websocket.headers.get("authorization")
            verified = await self._tokens.verified(authorization)
        except NotSignedIn:
            self.end(messages.FORBIDDEN)
        except Unavailable:
            self.end(messages.AWAY)
        else:
            self.viewer = verified.viewer
            self._deadline.cancel()
            if verified.expires_at < math.inf:
                self._deadline = self._loop.call_later(verified.expires_at - time.time(), self.end, messages.FORBIDDEN)
            await self._send("connection_ack")

    async def _start(self, message: Subscribe) -> None:
        if self.viewer is None:
            self.end(messages.UNAUTHORIZED)
        elif message.id in self._running:
            self.end(messages.id_in_use(message.id))
        elif len(self._running) >= self._limits.operations:
            text = f"A socket has at most {self._limits.operations} operations at a time: complete some first."
            await self._refuse(message.id, [{"message": text, "extensions": {"code": "RATE_LIMITED"}}])
        else:
            self._running[message.id] = self._spawn(self._run(self.viewer, message))

    async def _run(self, viewer: Viewer, message: Subscribe) -> None:
        started = time.perf_counter()
        try:
            answer = await self._operations.execute(viewer, self._address, message.request)
            if isinstance(answer, Response):
                await self._answer(message.id, answer)
            else:
                async with aclosing(cast("AsyncGenerator[dict[str, Any], None]", answer)) as answers:
                    async for body in answers:
                        await self._send("next", message.id, body)
                if self._finish(message.id):
                    await self._send("complete", message.id)
        except WebSocketDisconnect:
            self.end(None)
        except Exception as error:
            errors = [masked(error)]
            if self._finish(message.id):
                with suppress(WebSocketDisconnect):
                    await self._refuse(message.id, errors)
        finally:
            ms = round((time.perf_counter() - started) * 1000, 1)
            name, user = message.request.operation_name, viewer.user_id
            requests.info("request", extra={"method": "WEBSOCKET", "operation": name, "ms": ms, "user": user})

    async def _answer(self, id: str, answer: Response) -> None:
        if not self._finish(id):
            return
        if answer.is_request_error:
            await self._refuse(id, answer.body["errors"])
        else:
            await self._send("next", id, answer.body)
            await self._send("complete", id)

    def _finish(self, id: str) -> bool:
        """Give the id back. False when `complete` came first: the id may be another operation's by now."""
        if self._running.get(id) is not asyncio.current_task():
            return False
        del self._running[id]
        return True

    async def _refuse(self, id: str, errors: list[dict[str, Any]]) -> None:
        await self._send("error", id, errors)

    async def _send(self, type: str, id: str | None = None, payload: object = None) -> None:
        if self._ended.done():
            raise WebSocketDisconnect
        try:
            async with asyncio.timeout(self._limits.send_within):
                await self._websocket.send_text(messages.write(type, id, payload))
        except TimeoutError:
            self.end(messages.TOO_SLOW)
            raise WebSocketDisconnect(messages.TOO_SLOW.code) from None
