"""People lose the right to see, while their sockets are open: nothing that comes after that is told to them."""

import asyncio
import json
import time
from collections import Counter
from typing import Any
from uuid import uuid4

from tests.chaos.cluster import Cluster
from tests.chaos.people import People, Person
from tests.chaos.reader import Reader
from tests.chaos.report import Report, percentile
from tests.waiting import until

TIMES, FULL, AT_ONCE = 50, 1_000, 5
FORBIDDEN = 4403
THREAD = """subscription ($postId: ID!, $after: Cursor) {
  postUpdates(postId: $postId, after: $after) {
    __typename
    ... on LiveEvent { cursor }
    ... on CommentAdded { edge { node { id body } } }
    ... on PostRemoved { postId }
  }
}"""


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """Each time with new people; a witness who keeps the right hears what the other must not."""
    report, times = Report("Rights lost during live sockets"), FULL if full else TIMES
    ways = [Revoked, Blocked, Unfollowed, Deleted, MadePrivate]
    async with People(cluster.engines) as people:
        waiting = iter([ways[number % len(ways)](cluster, people) for number in range(times)])
        done: list[Scene] = []

        async def play() -> None:
            for scene in waiting:
                await scene.play()
                done.append(scene)

        await asyncio.gather(*(play() for _ in range(AT_ONCE)))
    closes = [scene.closed_within for scene in done if isinstance(scene, Revoked)]
    counts = Counter(type(scene).__name__ for scene in done)
    for name, count in counts.items():
        report.note(name, count)
    report.at_most(0, "leaked events", sum(scene.leaked for scene in done))
    report.within(1, "close p99 after a sign-out", percentile(closes, 0.99), "s")
    return report.end()


class Scene:
    """Somebody who writes, somebody who loses sight of it, and a witness."""

    leaked = 0

    def __init__(self, cluster: Cluster, people: People) -> None:
        self.cluster, self.people = cluster, people
        self.secret = f"Secret {uuid4().hex}."

    async def play(self) -> None:
        """Follow, lose the right, and listen on."""
        self.author, self.viewer, witness = await self.people.make(3)
        await self.people.follow([self.viewer, witness], [self.author])
        self.post = await self.publish(self.author, "To be seen.")
        self.loser, self.witness = self.reader(self.viewer), self.reader(witness)
        await asyncio.gather(self.loser.start(), self.witness.start())
        try:
            await self.are_here()
            await self.lose()
            self.acknowledged = time.time()
            await self.tell_secret()
            await until(lambda: self.secret in said(self.witness))
            await self.listen_on()
            self.leaked += self.secret in said(self.loser)
        finally:
            await asyncio.gather(self.loser.stop(), self.witness.stop())

    def reader(self, person: Person) -> Reader:
        """Somebody's socket."""
        return Reader(self.cluster.balancer, person)

    async def are_here(self) -> None:
        """Until both have heard something: who subscribes after the right is lost would only be refused."""
        word = f"Word {uuid4().hex}."
        await self.tell(word)
        await until(lambda: word in said(self.loser) and word in said(self.witness))

    async def lose(self) -> None:
        """Acknowledged when it returns."""
        raise NotImplementedError

    async def tell_secret(self) -> None:
        """What the viewer must not hear."""
        await self.tell(self.secret)

    async def tell(self, body: str) -> None:
        """Something that all who may see it hear."""
        await self.publish(self.author, body)

    async def listen_on(self) -> None:
        """Until something that came later has been heard."""
        mark = f"Mark {uuid4().hex}."
        await self.publish(self.viewer, mark)
        await until(lambda: mark in said(self.loser))

    async def publish(self, author: Person, body: str) -> str:
        """A post's id."""
        return str((await self.change("createPost", author, "post { id }", body=body))["post"]["id"])

    async def change(self, name: str, who: Person, select: str = "__typename", **fields: Any) -> dict[str, Any]:
        """The success of a mutation."""
        kind = name[0].upper() + name[1:]
        mutation = f"""mutation ($input: {kind}Input!) {{
            done: {name}(input: $input) {{ ... on {kind}Success {{ {select} }} ... on Error {{ code message }} }} }}"""
        done = (await self.cluster.balancer.data(mutation, who.token, input=fields))["done"]
        assert "code" not in done, done
        return dict(done)


class Revoked(Scene):
    """The viewer signs out elsewhere."""

    closed_within = 0.0

    async def lose(self) -> None:
        await self.cluster.balancer.data("mutation { signOut { __typename } }", self.viewer.token)

    async def listen_on(self) -> None:
        await until(lambda: self.loser.closed[FORBIDDEN] > 0)
        self.closed_within = self.loser.closed_at[0] - self.acknowledged


class Blocked(Scene):
    """The author blocks the viewer."""

    async def lose(self) -> None:
        await self.change("blockUser", self.author, userId=self.viewer.id)


class Unfollowed(Scene):
    """The viewer unfollows the author."""

    async def lose(self) -> None:
        await self.change("unfollowUser", self.viewer, userId=self.author.id)


class Deleted(Scene):
    """A post is deleted; somebody who comes back from before it must not be told what it said."""

    async def lose(self) -> None:
        self.before = self.loser.cursor
        doomed = await self.publish(self.author, self.secret)
        await until(lambda: self.secret in said(self.witness))
        await self.loser.stop()
        await self.change("deletePost", self.author, postId=doomed)
        self.loser = self.reader(self.viewer)
        await self.loser.start(self.before)

    async def tell_secret(self) -> None:
        pass  # it was told, to those who were there


class MadePrivate(Scene):
    """The author becomes private: of a thread, strangers hear no more."""

    async def play(self) -> None:
        self.strangers = await self.people.make(1)
        await super().play()

    def reader(self, person: Person) -> Reader:
        who = self.strangers[0] if person is self.viewer else person
        return Reader(self.cluster.balancer, who, THREAD, postId=self.post)

    async def lose(self) -> None:
        await self.change("updateProfile", self.author, isPrivate=True)

    async def tell(self, body: str) -> None:
        await self.change("addComment", self.author, postId=self.post, body=body)

    async def listen_on(self) -> None:
        await until(lambda: any(told.kind == "PostRemoved" for told in self.loser.told))


def said(reader: Reader) -> str:
    """All that a reader was told."""
    return json.dumps([told.update for told in reader.told])
