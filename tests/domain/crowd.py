"""Many who act at once, at random; and a recount of what they did."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from core.database import Database
from core.errors import StarlingError
from domain import comments, follows, likes, posts, users
from domain.viewer import Viewer
from models.comments import Comment
from models.posts import Visibility
from tests import factories
from tests.factories import sql, viewer

CONNECTIONS = 24
COUNTS = {
    ("user_counters", "user_id", "public_posts"): "select author_id, 1 from posts where visibility = 'PUBLIC'",
    ("user_counters", "user_id", "follower_posts"): "select author_id, 1 from posts where visibility = 'FOLLOWERS'",
    ("user_counters", "user_id", "followers"): "select followee_id, 1 from follows",
    ("user_counters", "user_id", "following"): "select follower_id, 1 from follows",
    ("post_counters", "post_id", "likes"): "select post_id, 1 from post_likes",
    ("post_counters", "post_id", "comments"): "select post_id, 1 from comments",
    ("comment_counters", "comment_id", "likes"): "select comment_id, 1 from comment_likes",
    ("comment_counters", "comment_id", "replies"): "select parent_id, 1 from comments where parent_id is not null",
}


async def drift(db: Database, since: int) -> list[tuple[str, Any]]:
    """Where a count isn't the number of rows, for all that was made since an id."""
    found = []
    for (table, owner, column), rows in COUNTS.items():
        statement = f"""
            select owner, sum(counted) as counted, sum(there) as there from (
                select {owner} as owner, {column} as counted, 0 as there from {table}
                union all select owner, 0, there from ({rows}) as rows (owner, there)
            ) as both_sides where owner >= :since group by owner having sum(counted) <> sum(there)"""  # noqa: S608
        found += [(f"{table}.{column}", tuple(row)) for row in await sql(db, statement, since=since)]
    return found


class Fault(Exception):
    """What a test breaks a transaction with."""


class Crowd:
    """People who do things at random, at once, and what came of it."""

    def __init__(self, db: Database, people: list[int], seed: int) -> None:
        self.db, self.random = db, random.Random(seed)  # noqa: S311
        self.people = [viewer(each) for each in people]
        self.posts: list[int] = []
        self.comments: list[tuple[int, int]] = []
        self.outcomes: Counter[str] = Counter()

    async def rush(self, *kinds: Callable[[], Awaitable[Any]], times: int) -> None:
        """Do things of these kinds, so many all in all, always some at once."""
        acts = iter([self.random.choice(kinds) for _ in range(times)])
        await asyncio.gather(*(self._do(acts) for _ in range(CONNECTIONS)))

    async def _do(self, acts: Iterator[Callable[[], Awaitable[Any]]]) -> None:
        for act in acts:
            await self._attempt(act)

    async def _attempt(self, act: Callable[[], Awaitable[Any]]) -> None:
        name = getattr(act, "func", act).__name__
        try:
            await act()
        except (StarlingError, Fault, TimeoutError) as error:
            self.outcomes[f"{name}: {type(error).__name__}"] += 1
        else:
            self.outcomes[name] += 1

    def someone(self) -> Viewer:
        return self.random.choice(self.people)

    def a_post(self) -> int:
        return self.random.choice(self.posts[-8:] or [1])

    def a_comment(self) -> tuple[int, int]:
        return self.random.choice(self.comments[-12:] or [(1, 1)])

    async def publish(self) -> None:
        visibility = Visibility.FOLLOWERS if self.random.random() < 0.2 else Visibility.PUBLIC
        self.posts.append((await posts.create(self.db, self.someone(), body="Hello.", visibility=visibility)).id)

    async def unpublish(self) -> None:
        post = self.a_post()
        [(author,)] = await sql(self.db, "select author_id from posts where id = :id", id=post) or [(0,)]
        await posts.remove(self.db, viewer(author), post)
        self.posts = [each for each in self.posts if each != post]
        self.comments = [each for each in self.comments if each[1] != post]

    async def like(self) -> None:
        await likes.like_post(self.db, self.someone(), self.a_post())

    async def unlike(self) -> None:
        await likes.unlike_post(self.db, self.someone(), self.a_post())

    async def like_comment(self) -> None:
        await likes.like_comment(self.db, self.someone(), self.a_comment()[0])

    async def unlike_comment(self) -> None:
        await likes.unlike_comment(self.db, self.someone(), self.a_comment()[0])

    async def comment(self) -> None:
        parent, post = self.random.choice([self.a_comment(), (None, self.a_post())])
        made = await comments.add(self.db, self.someone(), post_id=post, parent_id=parent, body="Well.")
        self.comments.append((made.id, post))

    async def uncomment(self) -> None:
        comment, post = self.a_comment()
        [(author,)] = await sql(self.db, "select author_id from comments where id = :id", id=comment) or [(0,)]
        await comments.remove(self.db, viewer(author), comment)
        self.comments = [each for each in self.comments if each != (comment, post)]

    async def relate(self) -> None:
        verbs = (follows.follow, follows.follow, follows.accept, follows.unfollow, follows.decline)
        await self.random.choice(verbs)(self.db, self.someone(), self.someone().key)

    async def part(self) -> None:
        verbs = (follows.block, *[follows.unblock] * 4)
        await self.random.choice(verbs)(self.db, self.someone(), self.someone().key)

    async def flip(self) -> None:
        await users.update_profile(self.db, self.someone(), {"is_private": self.random.random() < 0.2})


async def of(db: Database, number: int, seed: int) -> Crowd:
    """So many people, half of whom follow all; with a post and a comment each, liked by all: there is much to undo."""
    people = await factories.users(db, number)
    crowd = Crowd(db, people, seed)
    crowd.posts = await factories.posts(db, people)
    rows = [{"post_id": post, "author_id": people[0]} for post in crowd.posts]
    crowd.comments = list(zip(await factories.make(db, Comment, rows), crowd.posts, strict=True))
    await factories.like(db, people, crowd.posts)
    await factories.like_comments(db, people, [comment for comment, _ in crowd.comments])
    await factories.follow(db, people[::2], people)
    return crowd
