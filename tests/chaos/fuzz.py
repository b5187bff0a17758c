"""Generated nonsense, and near-sense: frames and bodies that no client should send."""

import json
from random import Random
from typing import Any

TYPES = ("connection_init", "subscribe", "complete", "ping", "pong", "next", "error", "connection_ack", "start", "")
QUERIES = (
    "{ viewer { id } }",
    "{ feed(first: 999999999999) { nodes { id } } }",
    "subscription { feedUpdates { __typename } }",
    "subscription ($after: Cursor) { feedUpdates(after: $after) { __typename } }",
    'mutation { createPost(input: {body: ""}) { __typename } }',
    "{ nodes(ids: [1, null, {}, $x]) { id } }",
    "fragment F on Post { ...F } { feed { nodes { ...F } } }",
    "{ __schema { types { name fields { type { name } } } } }",
    '{ search(text: "\\u0000\ud800") { nodes { __typename } } }',
)
MEDIA = (
    "application/json",
    "application/json; charset=utf-16",
    "application/graphql",
    "text/plain",
    "multipart/form-data",
    "application/jsonfoo",
    "",
    "application/json, text/html",
)
BEARERS = ("Bearer", "Bearer x.y.z", "Basic eDp4", "Bearer " + "a" * 9_000)
ACCEPT = ("*/*", "application/json", "application/graphql-response+json", "text/event-stream", "text/html", "x", "")


class Fuzz:
    """One generator of each, from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def value(self, depth: int = 3) -> Any:
        """Anything that JSON can say."""
        pick = self._random.random()
        if depth and pick < 0.2:
            return [self.value(depth - 1) for _ in range(self._random.randrange(4))]
        if depth and pick < 0.4:
            return {self._text(): self.value(depth - 1) for _ in range(self._random.randrange(4))}
        scalars = (None, True, 0, -1, 2**63, 1e308, "", self._text(), self._random.choice(QUERIES))
        return self._random.choice(scalars)

    def message(self) -> bytes:
        """What might pass for a message of the protocol."""
        message = {"type": self._random.choice(TYPES)}
        for name, sensible in (("id", "1"), ("payload", {"query": self._random.choice(QUERIES)})):
            if self._random.random() < 0.7:
                message[name] = sensible if self._random.random() < 0.6 else self.value()
        return self._spoilt(message if self._random.random() < 0.85 else self.value())

    def body(self) -> bytes:
        """What might pass for a GraphQL request."""
        request: dict[str, Any] = {"query": self._random.choice(QUERIES)}
        for name in ("variables", "operationName", "extensions", "query"):
            if self._random.random() < 0.3:
                request[name] = self.value()
        return self._spoilt(request if self._random.random() < 0.85 else self.value())

    def headers(self) -> dict[str, str]:
        """Sensible ones, mostly."""
        headers = {"content-type": MEDIA[0] if self._random.random() < 0.6 else self._random.choice(MEDIA)}
        headers["accept"] = self._random.choice(ACCEPT)
        if self._random.random() < 0.1:
            headers["authorization"] = self._random.choice(
                ("Bearer", "Bearer x.y.z", "Basic eDp4", "Bearer " + "a" * 9000)
            )
        return headers

    def frame(self) -> bytes:
        """One WebSocket frame, or what might pass for one: text in most cases."""
        pick, payload = self._random.random(), self.message()
        first = 0x81 if pick < 0.85 else self._random.choice((0x82, 0x01, 0x80, 0x83, 0x88, 0x89, 0x8A, 0xC1, 0xF1))
        masked = 0x80 if self._random.random() < 0.98 else 0
        size = len(payload)
        if size < 126:
            head = bytes([first, masked | size])
        elif size < 65536:
            head = bytes([first, masked | 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([first, masked | 127]) + size.to_bytes(8, "big")
        return head + (b"\0\0\0\0" if masked else b"") + payload

    def _spoilt(self, value: Any) -> bytes:
        text = json.dumps(value, ensure_ascii=self._random.random() < 0.7).encode("utf-8", "surrogatepass")
        pick = self._random.random()
        if pick < 0.1:
            return text[: self._random.randrange(len(text) + 1)]
        if pick < 0.2:
            place = self._random.randrange(len(text) + 1)
            return text[:place] + self._random.randbytes(self._random.randrange(1, 9)) + text[place:]
        if pick < 0.22:
            return self._random.choice((b"[", b'{"a":')) * self._random.choice((10, 5_000, 30_000))
        return text

    def _text(self) -> str:
        return "".join(chr(self._random.choice((0, 34, 92, 65, 0x2028, 0x1F426, 0xDC00))) for _ in range(3))
