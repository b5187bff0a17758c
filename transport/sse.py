"""Operations as Server-Sent Events, for places that WebSockets don't reach: graphql-sse's distinct connections mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md and
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import math
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from starlette.types import Receive, Scope, Send

from domain.viewer import Viewer
from live.listener import Listener
from transport.encoding import encode
from transport.errors import masked
from transport.limits import Connections
from transport.negotiation import GRAPHQL, JSON, BadRequest, address_of, weighted
from transport.operations import Answer, Payload, Response
from transport.outbox import Outbox

STREAM = "text/event-stream"
ALIVE_EVERY = 12.0
"""Seconds after which proxies must hear something: many give up after half a minute, some earlier."""
ALIVE, COMPLETE, END = ":\n\n", "event: complete\ndata:\n\n", ""
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


@lru_cache(maxsize=256)
def wants_stream(accept: str | None, kind: str | None) -> bool:
    """Whether an operation of this kind, None for one that was refused, is answered as a stream.

    Clients name the type in every request's Accept header, and mean it where JSON won't do: for subscriptions. Other
    operations are streamed only to those who like it better than JSON.
    """
    found = dict(map(weighted, (accept or "").split(",")))
    wanted, any_json = found.get(STREAM, 0.0), found.get("application/*", found.get("*/*", 0.0))
    return wanted > (0.0 if kind == "subscription" else max(found.get(each, any_json) for each in (JSON, GRAPHQL)))


class Streams:
    """The open streams of a process."""

    def __init__(self, connections: Connections, *, send_within: float = 30.0) -> None:
        self._connections, self._within = connections, send_within
        self._streams: set[Stream] = set()
        self._is_open = True

    @property
    def streams(self) -> "set[Stream]":
        """Those that are open."""
        return self._streams

    async def serve(self, scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
        """Send the answer as a stream, until it ends from either side. Raises BadRequest."""
        address = address_of(scope)
        viewer, expires_at = scope.get("starling.viewer", Viewer()), scope.get("starling.expires_at", math.inf)
        again = ((b"retry-after", b"1"),)
        if not self._is_open or self._connections.are_all_taken:
            raise BadRequest(503, "This process takes no more streams: try again.", again)
        if not self._connections.enter(address):
            raise BadRequest(429, "Too many live connections from this address: close some first.", again)
        try:
            if not self._connections.enter_user(viewer.user_id):
                raise BadRequest(429, "Too many live connections of this person: close some first.", again)
            try:
                await self._serve(Stream(receive, send, viewer, expires_at, self._within), answer)
            finally:
                self._connections.leave_user(viewer.user_id)
        finally:
            self._connections.leave(address)

    async def _serve(self, stream: "Stream", answer: Answer) -> None:
        self._streams.add(stream)
        try:
            await stream.serve(answer)
        finally:
            self._streams.discard(stream)

    def revoke(self, concerns: Callable[[Viewer], bool]) -> None:
        """End the streams of those who may listen no more, or to something else."""
        for stream in list(self._streams):
            if concerns(stream.viewer):
                stream.cut()

    def close_all(self) -> None:
        """Send everybody back, with their tokens to be verified anew."""
        for stream in list(self._streams):
            stream.cut()

    def drain(self) -> None:
        """Send everybody elsewhere, and take nobody any more."""
        self._is_open = False
        self.close_all()


class Stream:
    """One answer on its way, and the sink of a subscription."""

    def __init__(self, receive: Receive, send: Send, viewer: Viewer, expires_at: float, within: float) -> None:
        self.listener: Listener | None = None
        self.viewer = viewer
        self._receive, self._send, self._within = receive, send, within
        self._reader: asyncio.Task[Any] | None = asyncio.current_task()
        self._outbox = Outbox(self._send_text, within=within, too_slow=self.cut)
        self._ending: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self._timers = {"alive": loop.call_later(ALIVE_EVERY, self._say_alive)}
        if expires_at < math.inf:
            self._timers["expiry"] = loop.call_later(expires_at - time.time(), self.cut)

    @property
    def depth(self) -> int:
        """How many messages wait to be sent."""
        return self._outbox.depth

    async def serve(self, answer: Answer) -> None:
        """Send everything until it ends from either side."""
        try:
            await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            self._outbox.add(ALIVE)
            await self._begin(answer)
            while (await self._receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if self._ending is None:
                raise
        finally:
            self._reader = None
            self._stop()
            if self._ending:
                await asyncio.wait([self._ending])

    async def _begin(self, answer: Answer) -> None:
        try:
            if not isinstance(answer, Response):
                await answer(self)
                return
            body = answer.body
        except Exception as error:
            body = {"errors": [masked(error)]}
        self._outbox.add(_event(encode(body).decode()))
        self.end()

    def send(self, payload: Payload) -> bool:
        """Send a response, if there is room for it."""
        return self._outbox.offer(_event(payload.json, payload.cursor), self._drained)

    def end(self) -> None:
        """Tell the client that this was all."""
        self._outbox.add(COMPLETE)
        self._outbox.add(END)

    def cut(self) -> None:
        """End it as it is: the client comes back, with the last cursor that it has."""
        if self._ending is None:
            self._stop()
            self._ending = asyncio.create_task(self._cut())

    async def _cut(self) -> None:
        try:
            async with asyncio.timeout(self._within):
                await self._send_text(END)
        except (TimeoutError, OSError, RuntimeError):
            if self._reader:
                self._reader.cancel()

    def _stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._outbox.close()
        if self.listener:
            self.listener.leave()

    def _say_alive(self) -> None:
        self._outbox.offer(ALIVE, lambda: None)
        self._timers["alive"] = asyncio.get_running_loop().call_later(ALIVE_EVERY, self._say_alive)

    def _drained(self) -> None:
        if self.listener:
            self.listener.drained()

    async def _send_text(self, text: str) -> None:
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": text != END})


def _event(json: str, cursor: str | None = None) -> str:
    """A `next` event. Its id comes back as Last-Event-ID."""
    place = f"id: {cursor}\n" if cursor else ""
    return f"event: next\n{place}data: {json}\n\n"
