"""`/graphql` over WebSocket: graphql-transport-ws, with its close codes.

https://github.com/enisdenny/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import Callable, Collection, Iterable

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from auth.tokens import Tokens
from core.origins import is_of
from domain.viewer import Viewer
from transport import messages
from transport.cookies import Cookies
from transport.limits import Connections, SocketLimits
from transport.messages import SUBPROTOCOL
from transport.negotiation import address_of
from transport.sockets import Operations, Socket

SLICES = 40
SMALLEST_SLICE = 50


class GraphQLOverWebSocket:
    """The endpoint, and all its open sockets."""

    def __init__(
        self,
        operations: Operations,
        tokens: Tokens,
        cookies: Cookies,
        *,
        allowed_origins: Collection[str] = (),
        limits: SocketLimits | None = None,
        connections: Connections | None = None,
    ) -> None:
        self._operations, self._tokens, self._cookies = operations, tokens, cookies
        self._allowed_origins = frozenset(allowed_origins)
        self._limits = limits or SocketLimits()
        self._connections = connections or Connections()
        self._sockets: set[Socket] = set()
        self._is_open = True

    @property
    def sockets(self) -> Iterable[Socket]:
        """Those that are open."""
        return self._sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends."""
        await receive()  # that it wants to connect
        address = address_of(scope)
        if not self._is_from_here(Headers(scope=scope)):
            await _refuse(send, 403)
        elif not self._is_open or self._connections.are_all_taken:
            await _refuse(send, 503)
        elif not self._connections.enter(address):
            await _refuse(send, 429)
        else:
            try:
                await self._serve(scope, receive, send)
            finally:
                self._connections.leave(address)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        offered = scope.get("subprotocols") or [None]
        if SUBPROTOCOL not in offered:
            # Without one of what it offered, a client would fail before it sees why.
            code, reason = messages.WRONG_SUBPROTOCOL
            await send({"type": "websocket.accept", "subprotocol": offered[0], "headers": []})
            await send({"type": "websocket.close", "code": code, "reason": reason})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": []})
        cookie = self._cookies.secret(Headers(scope=scope))
        socket = Socket(scope, receive, send, self._operations, self._tokens, self._limits, self._connections, cookie)
        self._sockets.add(socket)
        try:
            await socket.serve()
        finally:
            self._sockets.discard(socket)

    def _is_from_here(self, headers: Headers) -> bool:
        """Whether a page of ours opened it, or no page."""
        origin = headers.get("origin")
        if origin is None or origin in self._allowed_origins or "*" in self._allowed_origins:
            return True
        return is_of(origin, headers.get("host", ""), "http", "https")

    def revoke(self, concerns: Callable[[Viewer], bool]) -> None:
        """Close the sockets of those who may do nothing more, or something else."""
        for socket in list(self._sockets):
            if socket.viewer and concerns(socket.viewer):
                socket.end(messages.FORBIDDEN)

    def close_all(self) -> None:
        """Send everybody back, with their tokens to be verified anew."""
        for socket in list(self._sockets):
            socket.end(messages.RESTARTING)

    async def drain(self, within: float) -> None:
        """Send everybody elsewhere, some at a time: those who come back all at once keep others waiting."""
        self._is_open = False
        sockets = list(self._sockets)
        size = max(SMALLEST_SLICE, -(-len(sockets) // SLICES))
        while sockets:
            for socket in sockets[:size]:
                socket.end(messages.RESTARTING)
            del sockets[:size]
            await asyncio.sleep(within / SLICES if sockets else 0)


async def _refuse(send: Send, status: int) -> None:
    """Refuse the handshake."""
    headers = [(b"retry-after", b"1")] if status != 403 else []
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
