"""What the feed's statement promises: the same page whichever way it is found."""

import os
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import or_, select, true

from core.database import Database
from core.ids import LARGEST
from domain.seed import seed
from domain.visibility import VIEWER
from loaders import feed_statement
from loaders.pages import AFTER, LIMIT
from models.follows import Follow
from models.posts import Post
from models.users import User
from tests.conftest import clone_database, database_at, drop_database

pytestmark = pytest.mark.xdist_group("seed")

FOLLOWEES = select(Follow.followee_id).where(Follow.follower_id == VIEWER)
PLAIN = (
    select(Post.id)
    .where(or_(Post.author_id == VIEWER, Post.author_id.in_(FOLLOWEES)), Post.id < AFTER)
    .order_by(Post.id.desc())
    .limit(LIMIT)
)


@pytest.fixture(scope="module")
async def seeded(servers: tuple[str, str], template: str, worker_number: int) -> AsyncIterator[Database]:
    """A small network, from people who follow nobody to one who follows half of it."""
    name = f"starling_feed_{os.getpid()}_{worker_number}"
    with psycopg.connect(servers[0], autocommit=True) as connection:
        clone_database(connection, template, name)
        seed(database_at(servers[0], name), users=100, posts=400, comments=400, follows=700, likes=0)
        db = Database(database_at(servers[0], name))
        await db.open()
        yield db
        await db.close()
        drop_database(connection, name)


@pytest.mark.parametrize(
    ("few", "many", "walk"),
    [(1_000, 1_000, 50), (0, 1_000, 1_000), (0, 0, 1_000), (3, 10, 30)],
    ids=["asked", "known", "met", "mixed"],
)
async def test_every_way_finds_the_plain_page(seeded: Database, monkeypatch, few: int, many: int, walk: int):
    monkeypatch.setattr(feed_statement, "FEW", few)
    monkeypatch.setattr(feed_statement, "MANY", many)
    monkeypatch.setattr(feed_statement, "WALK", walk)
    feed = feed_statement.feed_statement(VIEWER, AFTER, LIMIT, true())
    [[middle]] = await seeded.read(select(Post.id).order_by(Post.id.desc()).offset(200).limit(1))
    seen = set()
    for [viewer] in await seeded.read(select(User.id)):
        for page in ({"after_0": LARGEST, "limit": 21}, {"after_0": middle, "limit": 4}, {"after_0": 0, "limit": 5}):
            expected = [row.id for row in await seeded.read(PLAIN, viewer=viewer, **page)]
            assert [row.id for row in await seeded.read(feed, viewer=viewer, **page)] == expected
            seen.add(len(expected))
    assert {0, 4, 21} <= seen


async def test_what_is_not_visible_is_left_out(seeded: Database):
    [[viewer]] = await seeded.read(select(User.id).where(User.handle == "follows_50"))
    page = {"viewer": viewer, "after_0": LARGEST, "limit": 21}
    newest = (await seeded.read(PLAIN, **page))[0].id
    feed = feed_statement.feed_statement(VIEWER, AFTER, LIMIT, Post.id != newest)
    assert newest not in {row.id for row in await seeded.read(feed, **page)}
