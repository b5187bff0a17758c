"""Rows for tests, written directly: many at a time, in any constellation, their counts with them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import count
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Integer, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import Insert, insert

from auth import tokens
from auth.keys import ring
from core.database import Database
from core.statements import compiled
from core.transactions import Transaction
from domain import sessions
from domain.viewer import Viewer
from models.base import Base
from models.comments import Comment, CommentCounter, CommentLike
from models.follows import Block, Follow, FollowRequest
from models.posts import Post, PostCounter, PostLike
from models.users import User, UserCounter
from tests.api import Person

_numbers = count(1)
_highest = 0
_IDS = select(func.next_id()).select_from(func.generate_series(1, bindparam("number", type_=Integer)))
Rows = Iterable[dict[str, Any]]


async def make(db: Database, model: type[Base], rows: Rows) -> list[int]:
    """Rows of a model, in the order of their ids, which are returned. What is left out gets a plain value."""
    rows = [{**_plain(model), **row} for row in rows]
    async with db.write() as tx:
        if "id" in model.__table__.c:
            for row, number in zip(rows, await _ids(tx, len(rows)), strict=True):
                row.setdefault("id", number)
        for row in rows:
            tx.later(_insert(model, tuple(row)), **row)
        for counter, columns in _counts(model, rows).items():
            _add(tx, counter, columns)
    return [row["id"] for row in rows if "id" in row]


async def _ids(tx: Transaction, number: int) -> list[int]:
    """New ids, higher than all before: within a millisecond the sequence may wrap around."""
    global _highest
    found = [0]
    while found and found[0] <= _highest:
        found = sorted(row[0] for row in await tx.rows(_IDS, number=number))
    _highest = max([_highest, *found])
    return found


async def users(db: Database, number: int, **columns: Any) -> list[int]:
    """So many people."""
    return await make(db, User, [columns] * number)


async def user(db: Database, **columns: Any) -> int:
    """Somebody."""
    return (await make(db, User, [columns]))[0]


async def person(db: Database, **columns: Any) -> Person:
    """Somebody who is signed in."""
    columns = {**_plain(User), **columns}
    number = await user(db, **columns)
    async with db.write() as tx:
        opened = await sessions.begin(tx, sessions.Known(number))
    await ring.load(db)
    token = tokens.issue(number, opened.session_id)
    return Person(f"user_{number}", columns["handle"], token, opened.refresh_token)


def viewer(who: Person | int) -> Viewer:
    """The viewer that somebody is, for calling the domain."""
    return Viewer(who.number if isinstance(who, Person) else who, 1)


async def post(db: Database, author: int, **columns: Any) -> int:
    """A post."""
    return (await make(db, Post, [{"author_id": author, **columns}]))[0]


async def posts(db: Database, authors: Iterable[int], **columns: Any) -> list[int]:
    """A post by each of the authors."""
    return await make(db, Post, [{"author_id": author, **columns} for author in authors])


async def comment(db: Database, post_id: int, author: int, **columns: Any) -> int:
    """A comment."""
    return (await make(db, Comment, [{"post_id": post_id, "author_id": author, **columns}]))[0]


async def follow(db: Database, followers: Iterable[int], followees: Iterable[int]) -> None:
    """Accepted follows of each by each."""
    await make(db, Follow, _pairs("follower_id", followers, "followee_id", followees))


async def request(db: Database, followers: Iterable[int], followees: Iterable[int]) -> None:
    """Requests that wait."""
    await make(db, FollowRequest, _pairs("follower_id", followers, "followee_id", followees))


async def block(db: Database, blockers: Iterable[int], blocked: Iterable[int]) -> None:
    """Blocks, and nothing that a command would do beside: follows stay."""
    await make(db, Block, _pairs("blocker_id", blockers, "blocked_id", blocked))


async def like(db: Database, users: Iterable[int], posts: Iterable[int]) -> None:
    """Likes of each post by each user."""
    await make(db, PostLike, _pairs("user_id", users, "post_id", posts))


async def like_comments(db: Database, users: Iterable[int], comments: Iterable[int]) -> None:
    """Likes of each comment by each user."""
    await make(db, CommentLike, _pairs("user_id", users, "comment_id", comments))


def _pairs(one: str, ones: Iterable[int], other: str, others: Iterable[int]) -> Rows:
    others = list(others)
    return [{one: first, other: second} for first in ones for second in others if first != second]


def _plain(model: type[Base]) -> dict[str, Any]:
    if model is User:
        number = next(_numbers)
        return {"handle": f"made_{number}", "name": f"Made {number}"}
    return {Post: {"body": "Hello.", "visibility": "PUBLIC"}, Comment: {"body": "Well."}}.get(model, {})


def _counts(model: type[Base], rows: Sequence[dict[str, Any]]) -> dict[type[Base], dict[str, Counter[int]]]:
    """What each row adds to whose counts."""
    added: dict[type[Base], dict[str, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for row in rows:
        if model is Post:
            added[UserCounter]["public_posts" if row["visibility"] == "PUBLIC" else "follower_posts"][
                row["author_id"]
            ] += 1
        elif model is Follow:
            added[UserCounter]["followers"][row["followee_id"]] += 1
            added[UserCounter]["following"][row["follower_id"]] += 1
        elif model is PostLike:
            added[PostCounter]["likes"][row["post_id"]] += 1
        elif model is CommentLike:
            added[CommentCounter]["likes"][row["comment_id"]] += 1
        elif model is Comment:
            added[PostCounter]["comments"][row["post_id"]] += 1
            if row.get("parent_id"):
                added[CommentCounter]["replies"][row["parent_id"]] += 1
    return added


def _add(tx: Transaction, counter: type[Base], columns: dict[str, Counter[int]]) -> None:
    owner = next(iter(counter.__table__.primary_key.columns)).name
    for column, amounts in columns.items():
        for number, amount in sorted(amounts.items()):
            tx.later(_upsert(counter, owner, column), owner=number, amount=amount)


@cache
def _insert(model: type[Base], names: tuple[str, ...]) -> Insert:
    return insert(model.__table__).values({name: bindparam(name) for name in names})


@cache
def _upsert(counter: type[Base], owner: str, column: str) -> Insert:
    new = insert(counter.__table__).values({owner: bindparam("owner"), "slot": 0, column: bindparam("amount")})
    total = counter.__table__.c[column] + new.excluded[column]
    return new.on_conflict_do_update(index_elements=[owner, "slot"], set_={column: total})


async def sql(db: Database, statement: str, **parameters: Any) -> list[Any]:
    """The rows of a statement that only a test needs."""
    query = compiled(text(statement), numbered=False)
    async with await psycopg.AsyncConnection.connect(db._url, autocommit=True) as connection:
        cursor = psycopg.AsyncClientCursor(connection, row_factory=namedtuple_row)
        await cursor.execute(query.sql, query.bind(parameters))
        return await cursor.fetchall() if cursor.description else []


async def age(db: Database, person: Person) -> None:
    """Let it be eleven minutes since they signed in."""
    aged = "update sessions set created_at = now() - interval '11 minutes' where user_id = :id"
    await sql(db, aged, id=person.number)


async def take_password(db: Database, person: Person) -> None:
    """Let them be one who signs in otherwise."""
    await sql(db, "update accounts set password_hash = null where user_id = :id", id=person.number)
