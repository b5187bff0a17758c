"""A client that follows its feed over graphql-transport-ws, and comes back after its last cursor: see docs/live.md."""

import asyncio
import json
import random
import time
from collections import Counter
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from core import cursors
from tests.chaos.balancer import Balancer
from tests.chaos.people import Person

SUBSCRIPTION = """
subscription ($after: Cursor) {
  feedUpdates(after: $after) {
    __typename
    ... on LiveEvent { cursor }
    ... on PostAdded { edge { node { id body } } }
    ... on PostEdited { post { id body } }
    ... on PostRemoved { postId }
    ... on ResyncRequired { reason }
  }
}
"""
RETRY = (0.05, 0.5)
"""Seconds between attempts to connect, at random: jitter is left to clients."""
CLOSED_ABNORMALLY = 1006


class Told(NamedTuple):
    """One update, as it came."""

    seq: int
    kind: str
    update: dict[str, Any]
    at: float
    """Seconds since the epoch."""

    @property
    def post(self) -> dict[str, Any]:
        """What it tells of a post: `id`, `body`."""
        update = self.update
        removed = {"id": update.get("postId"), "body": None}
        return update["edge"]["node"] if "edge" in update else update.get("post", removed)  # type: ignore[no-any-return]

    @property
    def body(self) -> str | None:
        """The post's text, where it tells one."""
        return self.post["body"]  # type: ignore[no-any-return]


class Reader:
    """One subscriber."""

    def __init__(
        self, balancer: Balancer, person: Person, subscription: str = SUBSCRIPTION, **variables: object
    ) -> None:
        self._balancer, self.person = balancer, person
        self._subscription, self._variables = subscription, variables
        self.cursor: str | None = None
        self.told: list[Told] = []
        self.closed: Counter[int] = Counter()
        """Sockets that ended, by close code."""
        self.closed_at: list[float] = []
        self.errors: list[Any] = []
        self.connected = asyncio.Event()
        self.connections = 0
        self.began_after = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self, after: str | None = None) -> None:
        """Follow from a cursor on, by default from the present's, which a query tells."""
        page = await self._balancer.data("{ feed { liveCursor } }", self.person.token)
        self.cursor = after or page["feed"]["liveCursor"]
        self.began_after = place(self.cursor)
        self._task = asyncio.create_task(self._follow())
        await self.connected.wait()

    async def stop(self) -> None:
        """Say goodbye."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            url = self._balancer.next().url.replace("http", "ws", 1) + "/graphql"
            try:
                async with connect(
                    url, subprotocols=["graphql-transport-ws"], ping_interval=None, compression=None, max_queue=None
                ) as socket:
                    await self._listen(socket)
            except ConnectionClosed as closed:
                self.closed[closed.rcvd.code if closed.rcvd else CLOSED_ABNORMALLY] += 1
                self.closed_at.append(time.time())
            except (OSError, InvalidHandshake, InvalidMessage, TimeoutError):
                pass  # nobody there: try another
            self.connected.clear()
            await asyncio.sleep(random.uniform(*RETRY))

    async def _listen(self, socket: ClientConnection) -> None:
        await self._say(socket, "connection_init", payload={"authorization": f"Bearer {self.person.token}"})
        async for frame in socket:
            message = json.loads(frame)
            match message["type"]:
                case "connection_ack":
                    payload = {"query": self._subscription, "variables": {**self._variables, "after": self.cursor}}
                    await self._say(socket, "subscribe", id="feed", payload=payload)
                    self.connections += 1
                    self.connected.set()
                case "next":
                    self._hear(message["payload"])
                case "error" | "complete":
                    self.errors.append(message)
                    return

    async def _say(self, socket: ClientConnection, type: str, **fields: object) -> None:
        await socket.send(json.dumps({"type": type, **fields}))

    def _hear(self, answer: dict[str, Any]) -> None:
        if "errors" in answer:
            self.errors.append(answer)
            return
        [update] = answer["data"].values()
        self.cursor = update["cursor"]
        self.told.append(Told(place(update["cursor"]), update["__typename"], update, time.time()))


def place(cursor: str | None) -> int:
    """The sequence number in a cursor, which is nobody's business but the checker's."""
    return int(cursors.decode("live", cursor or "", 2)[1])
