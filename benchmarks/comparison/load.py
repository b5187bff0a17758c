"""A load generator for one request sent over and over: HTTP/1.1 on kept connections, each waiting for its answer.

It costs about 20 µs of CPU for an answer. Every answer must be as long as the one that was looked at: a refusal, an
error or a page cut short ends the measurement.
"""

import asyncio
import json
from collections.abc import Sequence
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import uvloop

PATIENCE = 30
"""Seconds after which a server that says nothing is given up."""


class WrongAnswer(Exception):
    """A server said something else than before."""


class Connection(asyncio.Protocol):
    """One connection, with one request on its way at any time."""

    def __init__(self, request: bytes, length: int | None, until: float, latencies: list[float]) -> None:
        self._request, self._length, self._until, self._latencies = request, length, until, latencies
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._received = bytearray()
        self._missing = 0

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer."""
        self._received += data
        self._missing = self._missing - len(data) if self._missing > 0 else _missing(self._received)
        if self._missing == 0:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail, unless all is done."""
        self._fail(exc or ConnectionError("The server hung up."))

    def _send(self) -> None:
        self._received.clear()
        self._sent = perf_counter()
        self._transport.write(self._request)

    def _answered(self) -> None:
        now = perf_counter()
        self._latencies.append(now - self._sent)
        if self._length not in (None, len(self._received)) or self._received[9:12] != b"200":
            self._fail(WrongAnswer(self._received[:2_000].decode(errors="replace")))
        elif now < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(bytes(self._received))
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self._transport.close()


def _missing(received: bytearray) -> int:
    """How many bytes of an answer are still to come; -1 where only its end will tell."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return -1
    head = received[:end].lower()
    place = head.find(b"content-length:")
    if place < 0:
        return 0 if received.endswith(b"\r\n0\r\n\r\n") else -1
    length = int(head[place + 15 :].split(b"\r\n", 1)[0])
    return end + 4 + length - len(received)


def post(url: str, token: str, query: str, variables: dict[str, Any]) -> bytes:
    """A GraphQL request's bytes."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def send(url: str, request: bytes, *, connections: int, seconds: float, length: int | None = None) -> list[float]:
    """Send a request over and over; the answers' latencies in seconds. Raises WrongAnswer, OSError, TimeoutError."""
    latencies: list[float] = []
    _run(url, request, connections, seconds, length, latencies)
    return latencies


def once(url: str, request: bytes) -> bytes:
    """The answer to one request, head and body."""
    return _run(url, request, 1, 0, None, [])[0]


def _run(
    url: str, request: bytes, connections: int, seconds: float, length: int | None, latencies: list[float]
) -> Sequence[bytes]:
    async def run() -> Sequence[bytes]:
        loop, until, address = asyncio.get_running_loop(), perf_counter() + seconds, urlsplit(url)
        protocols = []
        for _ in range(connections):
            make = lambda: Connection(request, length, until, latencies)  # noqa: E731
            _, protocol = await loop.create_connection(make, address.hostname, address.port)
            protocols.append(protocol.done)
        async with asyncio.timeout(seconds + PATIENCE):
            return await asyncio.gather(*protocols)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())
