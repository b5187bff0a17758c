"""What executing costs, apart from the data: `uv run python -m benchmarks.execution [ROUNDS]`.

A feed of 50 posts with authors, comments and their authors, some 1,500 fields, of rows in memory: graphql-core, the
compiled plan, and dicts written by hand. Round by round in turn; CPU time, so that what else runs doesn't count. The
heap is frozen and the collector comes seldom, as in a server that is warm.
"""

import asyncio
import gc
import sys
from collections import namedtuple
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import process_time
from typing import Any

import strawberry
import uvloop
from graphql import parse
from strawberry.schema.config import StrawberryConfig

from execution import pages, reference
from execution.collect import conditions
from execution.fields import Cursor, argument, column, loaded, paged, resolved, row_type
from execution.leaves import as_is
from execution.loading import LevelLoader
from execution.pages import Page
from execution.plan import compile_plan

POSTS, COMMENTS, PEOPLE = 50, 3, 100
PER_ROUND = 20
GOALS = {"compiled / by hand": "at most 1.6", "graphql-core / compiled": "at least 20"}

UserRow = namedtuple("UserRow", "id handle name")
PostRow = namedtuple("PostRow", "id author_id body created_at like_count")
CommentRow = namedtuple("CommentRow", "id post_id author_id body")
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
USERS = {i: UserRow(i, f"user{i}", f"User {i}") for i in range(PEOPLE)}
FEED = [PostRow(i, i * 37 % PEOPLE, f"Post {i}", NOW - timedelta(minutes=i), i * 7) for i in range(POSTS)]
TALK = {
    post.id: [
        CommentRow(post.id * 10 + i, post.id, (post.id * 7 + i) % PEOPLE, f"Comment {i}") for i in range(COMMENTS)
    ]
    for post in FEED
}


class UserById(LevelLoader[int, Any]):
    """Users."""

    async def batch_load_fn(self, keys: list[int]) -> list[Any]:
        """The rows that are there."""
        return [USERS[key] for key in keys]


class CommentsOfPost(LevelLoader[int, Page]):
    """Pages of comments."""

    def page(self, *, first: int, after: str | None = None) -> "CommentsOfPost":
        """The loader of a page; there is only one."""
        return self

    async def batch_load_fn(self, keys: list[int]) -> list[Page]:
        """The pages that are there."""
        return [PAGES[key] for key in keys]


def cursor(row: Any) -> str:
    return f"after:{row.id}"


FEED_PAGE = Page(FEED, False, False, cursor)
PAGES = {number: Page(rows, True, False, cursor) for number, rows in TALK.items()}


def _id(prefix: str) -> Any:
    return column(
        "Opaque.", of=lambda row: f"{prefix}_{row.id}", of_all=lambda rows: [f"{prefix}_{row.id}" for row in rows]
    )


def row(model: type) -> Any:
    return row_type(model, model_of=type, description="A row.")


@strawberry.interface
class Node:
    """A node."""

    id: strawberry.ID


@row(UserRow)
class User(Node):
    """A person."""

    id: strawberry.ID = _id("user")
    handle: str = column("A name.")
    name: str = column("A name.")


@row(CommentRow)
class Comment(Node):
    """An answer."""

    id: strawberry.ID = _id("comment")
    body: str = column("Text.")
    author: User = loaded(UserById, "Who.", by="author_id")


@strawberry.type
class CommentEdge:
    """An edge."""

    cursor: Cursor = column("A place.")
    node: Comment = column("The row.")


@strawberry.type
class CommentConnection:
    """A page."""

    edges: list[CommentEdge] = column("Edges.", of=pages.edges)


@row(PostRow)
class Post(Node):
    """A post."""

    id: strawberry.ID = _id("post")
    body: str = column("Text.")
    created_at: datetime = column("When.")
    like_count: int = column("How many.")
    author: User = loaded(UserById, "Who.", by="author_id")
    comments: CommentConnection = paged(CommentsOfPost, "Answers.", by="id")


@strawberry.type
class PostEdge:
    """An edge."""

    cursor: Cursor = column("A place.")
    node: Post = column("The row.")


@strawberry.type
class PostConnection:
    """A page."""

    edges: list[PostEdge] = column("Edges.", of=pages.edges)


async def feed(info: strawberry.Info, first: int) -> Page:
    return FEED_PAGE


@strawberry.type
class Query:
    """What can be asked."""

    feed: PostConnection = resolved(feed, "Posts.", first=argument(int, "How many."))


SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(name="DateTime", serialize=as_is),
    Cursor: strawberry.scalar(name="Cursor", serialize=as_is),
}
SCHEMA = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))._schema
QUERY = parse(
    "query ($first: Int!) { feed(first: $first) { edges { cursor node { id body createdAt likeCount "
    "author { id handle name } comments(first: 3) { edges { node { id body author { id handle } } } } } } } }"
)
VARIABLES = {"first": POSTS}


class Loaders(dict[type, Any]):
    """An operation's loaders."""

    def __missing__(self, kind: type) -> Any:
        self[kind] = kind()
        return self[kind]


class Context:
    """What an operation carries with it."""

    def __init__(self) -> None:
        self.loaders = Loaders()


def by_hand() -> dict[str, Any]:
    """The answer as nobody would want to write it for every query."""
    return {
        "feed": {
            "edges": [
                {
                    "cursor": f"after:{post.id}",
                    "node": {
                        "id": f"post_{post.id}",
                        "body": post.body,
                        "createdAt": post.created_at,
                        "likeCount": post.like_count,
                        "author": {"id": f"user_{author.id}", "handle": author.handle, "name": author.name},
                        "comments": {
                            "edges": [
                                {
                                    "node": {
                                        "id": f"comment_{comment.id}",
                                        "body": comment.body,
                                        "author": {"id": f"user_{who.id}", "handle": who.handle},
                                    }
                                }
                                for comment in TALK[post.id]
                                for who in (USERS[comment.author_id],)
                            ]
                        },
                    },
                }
                for post in FEED
                for author in (USERS[post.author_id],)
            ]
        }
    }


def fields(answer: Any) -> int:
    """How many fields an answer has."""
    if isinstance(answer, dict):
        return len(answer) + sum(map(fields, answer.values()))
    return sum(map(fields, answer)) if isinstance(answer, list) else 0


async def main(rounds: int) -> None:
    definition: Any = QUERY.definitions[0]
    plan = compile_plan(SCHEMA, QUERY, definition, dict.fromkeys(conditions(QUERY, definition), True))

    async def compiled() -> Any:
        return (await plan.run(Context(), VARIABLES)).data

    async def interpreted() -> Any:
        return (await reference.execute(SCHEMA, QUERY, Context(), VARIABLES)).data

    async def written() -> Any:
        return by_hand()

    assert await compiled() == await interpreted() == by_hand()
    ways = {"by hand": written, "compiled": compiled, "graphql-core": interpreted}
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(await timed(way))
    costs = {name: median(each) for name, each in times.items()}
    print(f"{fields(by_hand()):,} fields, {rounds} rounds of {PER_ROUND}; median CPU time\n")
    for name, cost in costs.items():
        print(f"{name:>24} {cost:8.3f} ms")
    print()
    for name, goal in GOALS.items():
        over, under = name.split(" / ")
        print(f"{name:>24} {median(a / b for a, b in zip(times[over], times[under], strict=True)):8.2f} ×   {goal}")


async def timed(way: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds of CPU time for one."""
    started = process_time()
    for _ in range(PER_ROUND):
        await way()
    return (process_time() - started) * 1000 / PER_ROUND


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
