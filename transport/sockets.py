"""One client of the WebSocket endpoint: what it says is read here, and what it is told leaves by its outbox.

While nothing happens, a socket is one task that waits for the next frame: subscriptions have none of their own.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from auth.proofs import Shown
from auth.tokens import Tokens
from core.errors import NotSignedIn, Unavailable
from domain.device import Device
from domain.viewer import Viewer
from live.listener import Listener
from transport import messages
from transport.errors import masked
from transport.limits import Connections, SocketLimits
from transport.messages import Complete, End, Init, Malformed, Message, Ping, Pong, Subscribe
from transport.negotiation import device_of, headers_of
from transport.operations import Answer, Begin, Payload, Request, Response
from transport.outbox import Outbox

logger = logging.getLogger("starling.sockets")
requests = logging.getLogger("starling.requests")


class Operations(Protocol):
    """What runs operations: `transport.operations.Operations`."""

    def execute(self, viewer: Viewer, device: Device, request: Request) -> Awaitable[Answer]:
        """The answer, or what begins a subscription."""


class Socket:
    """One client."""

    __slots__ = (
        "_authorization", "_connections", "_cookie", "_counted_at", "_deadline", "_device", "_ended", "_limits",
        "_messages_left", "_operations", "_outbox", "_proof", "_reader", "_receive", "_running", "_send", "_tasks",
        "_tokens", "viewer",
    )  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        operations: Operations,
        tokens: Tokens,
        limits: SocketLimits,
        connections: Connections,
        cookie: str | None = None,
    ) -> None:
        self.viewer: Viewer | None = None
        """None until the client has said who it is."""
        self._receive, self._send, self._operations, self._tokens = receive, send, operations, tokens
        self._limits, self._connections, self._cookie = limits, connections, cookie
        headers = headers_of(scope)
        self._device = device_of(scope, headers)
        self._authorization, self._proof = headers.get("authorization", ""), headers.get("dpop")
        self._running: dict[str, asyncio.Task[None] | Listener] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._messages_left, self._counted_at = limits.messages_at_once, time.monotonic()
        self._ended: End | None = None
        self._reader: asyncio.Task[Any] | None = asyncio.current_task()
        self._outbox = Outbox(self._send_text, within=limits.send_within, too_slow=partial(self.end, messages.TOO_SLOW))
        self._deadline = asyncio.get_running_loop().call_later(limits.init_within, self.end, messages.INIT_TIMEOUT)
        """Of the initialisation, later of the token."""

    @property
    def depth(self) -> int:
        """How many messages wait to be sent."""
        return self._outbox.depth

    @property
    def subscriptions(self) -> int:
        """How many operations are running."""
        return len(self._running)

    def end(self, end: End) -> None:
        """Close the socket, unless it has been decided already how."""
        if self._ended is None:
            self._ended = end
            self._stop()
            self._spawn(self._close(end))

    async def serve(self) -> None:
        """Read and answer until it is closed, from either side."""
        try:
            while (frame := await self._receive())["type"] != "websocket.disconnect":
                if self._ended is None:
                    await self._take(frame)
        except asyncio.CancelledError:
            if self._ended is None:
                raise
        finally:
            self._reader = None
            self._stop()
            if self.viewer is not None:
                self._connections.leave_user(self.viewer.user_id)
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _stop(self) -> None:
        self._deadline.cancel()
        self._outbox.close()
        running, self._running = self._running, {}
        for operation in running.values():
            _stop(operation)

    async def _close(self, end: End) -> None:
        try:
            async with asyncio.timeout(self._limits.send_within):
                await self._send({"type": "websocket.close", "code": end.code, "reason": end.reason})
        except (TimeoutError, OSError, RuntimeError):
            if self._reader:
                self._reader.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _take(self, frame: Any) -> None:
        try:
            if self._allows_another():
                await self._handle(self._parse(frame.get("text")))
            else:
                self.end(messages.TOO_MANY_MESSAGES)
        except Malformed as error:
            self.end(messages.malformed(str(error)))
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
            raise Malformed("Only text frames, in UTF-8, are understood.")
        if len(text) > self._limits.characters:
            raise Malformed(f"A frame is at most {self._limits.characters // 1024} KiB.")
        return messages.parse(text)

    async def _handle(self, message: Message) -> None:
        match message:
            case Init():
                await self._initialise(message)
            case Ping():
                await self._say("pong", payload=message.payload)
            case Pong():
                pass
            case Subscribe():
                await self._start(message)
            case Complete():
                if operation := self._running.pop(message.id, None):
                    _stop(operation)

    async def _initialise(self, message: Init) -> None:
        if self.viewer is not None:
            self.end(messages.TOO_MANY_INITS)
            return
        authorization, proof = message.authorization or self._authorization, message.proof or self._proof
        shown = Shown(proof, "GET", "/graphql") if proof else None
        try:
            verified = await self._tokens.verified(authorization, self._cookie, shown, in_a_crowd=True)
        except NotSignedIn:
            self.end(messages.FORBIDDEN)
            return
        except Unavailable:
            self.end(messages.AWAY)
            return
        if self._ended is not None:
            return
        if not self._connections.enter_user(verified.viewer.user_id):
            self.end(messages.TOO_MANY_SOCKETS)
            return
        self.viewer = verified.viewer
        self._deadline.cancel()
        if verified.expires_at < math.inf:
            wait = verified.expires_at - time.time()
            self._deadline = asyncio.get_running_loop().call_later(wait, self.end, messages.FORBIDDEN)
        await self._say("connection_ack")

    async def _start(self, message: Subscribe) -> None:
        if self.viewer is None:
            self.end(messages.UNAUTHORIZED)
        elif message.id in self._running:
            self.end(messages.id_in_use(message.id))
        elif len(self._running) >= self._limits.operations:
            text = f"A socket has at most {self._limits.operations} operations at a time: complete some first."
            await self._say("error", message.id, [{"message": text, "extensions": {"code": "RATE_LIMITED"}}])
        else:
            self._running[message.id] = self._spawn(self._run(self.viewer, message))

    async def _run(self, viewer: Viewer, message: Subscribe) -> None:
        started = time.perf_counter()
        try:
            answer = await self._operations.execute(viewer, self._device, message.request)
            if isinstance(answer, Response):
                await self._answer(message.id, answer)
            else:
                await self._follow(message.id, answer)
        except Exception as error:
            errors = [masked(error)]
            if self._finish(message.id):
                await self._say("error", message.id, errors)
        finally:
            ms = round((time.perf_counter() - started) * 1000, 1)
            name, user = message.request.operation_name, viewer.user_id
            requests.info("request", extra={"method": "WEBSOCKET", "operation": name, "ms": ms, "user": user})

    async def _answer(self, id: str, answer: Response) -> None:
        if not self._finish(id):
            return
        if answer.is_request_error:
            await self._say("error", id, answer.body["errors"])
        else:
            await self._say("next", id, answer.body)
            await self._say("complete", id)

    async def _follow(self, id: str, begin: Begin) -> None:
        listener = await begin(Told(self, id))
        if self._running.get(id) is asyncio.current_task():
            self._running[id] = listener
        else:
            listener.leave()

    def offer(self, text: str, drained: Callable[[], None]) -> bool:
        """Send a text if there is room; else call `drained` once there is."""
        return self._outbox.offer(text, drained)

    def complete(self, id: str) -> None:
        """A subscription has nothing more to tell."""
        self._running.pop(id, None)
        self._outbox.add(messages.write("complete", id))

    def _finish(self, id: str) -> bool:
        """Give the id back. False when `complete` came first: the id may be another operation's by now."""
        if self._running.get(id) is not asyncio.current_task():
            return False
        del self._running[id]
        return True

    async def _say(self, type: str, id: str | None = None, payload: object = None) -> None:
        await self._outbox.put(messages.write(type, id, payload))

    async def _send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})


class Told:
    """Where a subscription's responses go: into `next` messages, each the same but for its id."""

    __slots__ = ("_before", "_id", "_socket", "listener")

    def __init__(self, socket: Socket, id: str) -> None:
        self.listener: Listener | None = None
        self._socket, self._id = socket, id
        self._before = messages.begin_next(id)

    def send(self, payload: Payload) -> bool:
        """Send a response, if there is room for it."""
        return self._socket.offer(f"{self._before}{payload.json}}}", self._drained)

    def end(self) -> None:
        """Tell the client that this was all."""
        self._socket.complete(self._id)

    def _drained(self) -> None:
        if self.listener:
            self.listener.drained()


def _stop(operation: "asyncio.Task[None] | Listener") -> None:
    if isinstance(operation, Listener):
        operation.leave()
    else:
        operation.cancel()
