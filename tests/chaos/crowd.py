"""Many clients in one process, each with little more than a TCP connection: they count what they are told."""

import asyncio
import base64
import json
import os
import resource
import socket
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

AT_ONCE = 100
"""How many connect at the same time, unless they all do."""
HEADER, TEXT, CLOSE = 2, 0x1, 0x8
LONG, LONGER = 126, 127
MASK = b"\0\0\0\0"
"""Every client's frames carry one (RFC 6455, section 5.3); this one leaves them as they are."""


class Client(asyncio.Protocol):
    """One socket with one subscription."""

    def __init__(self, crowd: "Crowd", token: str) -> None:
        self._crowd, self._token = crowd, token
        self._rest = b""
        self._is_open = False
        self.transport: asyncio.Transport
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /graphql HTTP/1.1",
            f"Host: {self._crowd.host}:{self._crowd.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            head, found, data = (self._rest + data).partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._is_open, self._rest = True, b""
            self._say({"type": "connection_init", "payload": {"authorization": f"Bearer {self._token}"}})
        if self._rest:
            data = self._rest + data
        self._rest = self._read(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.lost += 1
        if not self.subscribed.done():
            self.subscribed.set_exception(error or ConnectionError(f"closed: {self._crowd.closed}"))

    def _read(self, data: bytes) -> bytes:
        """Take whole frames, and return what is left."""
        while len(data) >= HEADER:
            length, start = data[1], HEADER
            if length == LONG:
                length, start = int.from_bytes(data[2:4], "big"), 4
            elif length == LONGER:
                length, start = int.from_bytes(data[2:10], "big"), 10
            if len(data) < start + length:
                break
            self._take(data[0] & 0xF, data[start : start + length])
            data = data[start + length :]
        return data

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._crowd.closed[int.from_bytes(payload[:2], "big")] = payload[2:].decode()
        elif b'"PostAdded"' in payload:
            self._crowd.heard(payload)
        elif not self.subscribed.done():
            assert b"connection_ack" in payload, payload
            asked = {"query": self._crowd.document, "variables": {"after": self._crowd.after}}
            self._say({"id": "1", "type": "subscribe", "payload": asked})
            self.subscribed.set_result(None)
        elif b'"error"' in payload or b'"errors"' in payload:
            raise AssertionError(payload)

    def _say(self, message: dict[str, object]) -> None:
        text = json.dumps(message).encode()
        length = bytes([0x80 | len(text)]) if len(text) < LONG else b"\xfe" + len(text).to_bytes(2, "big")
        self.transport.write(bytes([0x80 | TEXT]) + length + MASK + text)


class Crowd:
    """All of them, and what they have heard together."""

    def __init__(self, url: str, document: str, after: str | None = None) -> None:
        self.after = after
        """The cursor that all of them have seen."""
        self.host, self.port = urlsplit(url).hostname or "", urlsplit(url).port or 0
        self.document = document
        self.clients: list[Client] = []
        self.count = 0
        """Posts told, to whomever."""
        self.first_at = self.last_at = 0.0
        self.lost = 0
        self.closed: dict[int, str] = {}
        self._awaited = 0
        self._complete = asyncio.Event()

    def heard(self, payload: bytes) -> None:
        """One of them was told of a post."""
        self.count += 1
        self.last_at = time.perf_counter()
        if self.count == 1:
            self.first_at = self.last_at
        if self.count == self._awaited:
            self._complete.set()

    async def come(self, tokens: Sequence[str], *, at_once: int = AT_ONCE, buffer: int | None = None) -> None:
        """Connect and subscribe, one for each token; `buffer` is how many bytes the kernel takes for each."""
        waiting = iter(tokens)

        async def let_in() -> None:
            for token in waiting:
                end = await self._connected(buffer)
                _, client = await asyncio.get_running_loop().create_connection(
                    lambda t=token: Client(self, t), sock=end
                )
                await client.subscribed
                self.clients.append(client)

        await asyncio.gather(*(let_in() for _ in range(at_once)))

    async def _connected(self, buffer: int | None) -> socket.socket:
        end = socket.socket()
        end.setblocking(False)
        if buffer:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        await asyncio.get_running_loop().sock_connect(end, (self.host, self.port))
        return end

    def expect(self, count: int) -> None:
        """Begin to count, up to so many."""
        self.count, self._awaited = 0, count
        self._complete.clear()

    async def complete(self, within: float) -> None:
        """Wait until all were heard. Raises TimeoutError."""
        async with asyncio.timeout(within):
            await self._complete.wait()

    def leave(self) -> None:
        """Hang up."""
        for client in self.clients:
            client.transport.abort()


def allow_sockets() -> int:
    """As many files as this process, and those that it starts, may have; that many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
