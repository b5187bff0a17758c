"""Steady writes, each tried until it is acknowledged, while real sockets follow them; and the check of what came."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from httpx2 import HTTPError, Response

from tests.chaos.cluster import Cluster
from tests.chaos.people import People, Person
from tests.chaos.reader import Reader
from tests.waiting import until

CREATE = """
mutation ($input: CreatePostInput!) {
  createPost(input: $input) { ... on CreatePostSuccess { post { id } } ... on Error { code message } }
}
"""
CATCH_UP = 30.0
RETRY = 0.05


@dataclass
class Write:
    """One post: tried under one clientMutationId until somebody acknowledged it."""

    body: str
    sent: float
    acknowledged: float = 0.0
    id: str = ""


class Load:
    """Writers and readers, and what each of them saw."""

    def __init__(self, cluster: Cluster, authors: list[Person], readers: list[Reader], every: float) -> None:
        self.cluster, self.authors, self.readers, self._every = cluster, authors, readers, every
        self.writes: list[Write] = []
        self.answers: Counter[str] = Counter()
        """Attempts by how they ended: `200`, `503`, …, `broken` for a connection that broke off."""
        self.unstructured: list[str] = []
        """Answers without a code that a client could act on."""
        self._stopping = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def running(
        cls, cluster: Cluster, *, writers: int = 4, readers: int = 10, every: float = 0.15
    ) -> AsyncIterator["Load"]:
        """Load while the block runs; then the writers stop, and the readers get time to hear the rest."""
        async with People(cluster.engines) as people:
            authors, followers = await people.make(writers), await people.make(readers)
            await people.follow(followers, authors)
            load = cls(cluster, authors, [Reader(cluster.balancer, follower) for follower in followers], every)
            await asyncio.gather(*(reader.start() for reader in load.readers))
            tasks = [asyncio.create_task(load._write(author)) for author in authors]
            try:
                yield load
                load._stopping.set()
                await asyncio.gather(*tasks)
                await load._caught_up()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*(reader.stop() for reader in load.readers))

    async def _write(self, author: Person) -> None:
        while not self._stopping.is_set():
            write = Write(f"Post {uuid4().hex}.", time.time())
            await self._until_acknowledged(author, write)
            self.writes.append(write)
            await asyncio.sleep(self._every)

    async def _until_acknowledged(self, author: Person, write: Write) -> None:
        wanted = {"body": write.body, "clientMutationId": write.body}
        while not write.acknowledged:
            try:
                response = await self.cluster.balancer.ask(CREATE, author.token, input=wanted)
            except HTTPError:
                self.answers["broken"] += 1
            else:
                self._note(response, write)
            if not write.acknowledged:
                await asyncio.sleep(RETRY)

    def _note(self, response: Response, write: Write) -> None:
        self.answers[str(response.status_code)] += 1
        try:
            answer = response.json()
            if "errors" in answer:
                assert all(error["extensions"]["code"] for error in answer["errors"])
                return
            write.id = answer["data"]["createPost"]["post"]["id"]
            write.acknowledged = time.time()
        except (ValueError, KeyError, TypeError, AssertionError):
            self.unstructured.append(f"{response.status_code} {response.text[:300]}")

    async def _caught_up(self) -> None:
        expected = {write.id for write in self.writes}

        def complete() -> bool:
            return all(expected <= posts_told(reader).keys() for reader in self.readers)

        with suppress(TimeoutError):  # the check says what is missing
            await until(complete, CATCH_UP, every=0.1)


def posts_told(reader: Reader) -> Counter[str]:
    """How often each post was told of as new, after de-duplication by cursor."""
    seen = {(told.seq, told.post["id"]) for told in reader.told if told.kind == "PostAdded"}
    return Counter(post for _, post in seen)
