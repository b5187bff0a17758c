"""What seeded worlds promise, the demo world among them."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Select, create_engine, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from core import ids, migrations
from core.database import sqlalchemy_url
from domain import demo, text
from domain.counters import owner_of
from domain.seed import InhabitedError, seed
from domain.seeding.bulk import COLUMNS
from domain.visibility import visible_post, visible_user
from models.comments import Comment, CommentCounter, CommentLike
from models.follows import Block, Follow, FollowRequest
from models.posts import Post, PostCounter, PostLike, Visibility
from models.users import Account, User, UserCounter
from tests.conftest import clone_database, database_at, drop_database

pytestmark = pytest.mark.xdist_group("seed")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NUMBERS = {"users": 150, "posts": 500, "comments": 1_500, "follows": 2_000, "likes": 2_000}

reply, parent, post = aliased(Comment), aliased(Comment), aliased(Post)


@pytest.fixture(scope="module")
def seeded(empty: Callable[[str], str]) -> str:
    """A database with a seeded world in it."""
    url = empty("seeded")
    seed(url, **NUMBERS, now=NOW)
    return url


@pytest.fixture(scope="module")
def small(empty: Callable[[str], str]) -> str:
    """A database with the demo world in it."""
    url = empty("small")
    assert demo.seed_demo(url, now=NOW)
    return url


@pytest.fixture(scope="module", params=["seeded", "small"])
def world(request: pytest.FixtureRequest) -> str:
    """Either of the two."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(scope="module")
def empty(servers: tuple[str, str], template: str, worker_number: int) -> Iterator[Callable[[str], str]]:
    """Makes databases that nobody else uses: migrated, empty, gone in the end."""
    made: list[str] = []
    with psycopg.connect(servers[0], autocommit=True) as connection:

        def make(kind: str) -> str:
            made.append(f"starling_seed_{os.getpid()}_{worker_number}_{kind}")
            clone_database(connection, template, made[-1])
            return database_at(servers[0], made[-1])

        yield make
        for name in made:
            drop_database(connection, name)


def fetch(url: str, statement: Select[Any]) -> list[Any]:
    """A statement's rows."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        rows = list(connection.execute(statement))
    engine.dispose()
    return rows


def number(url: str, statement: Any) -> int:
    """How many rows there are."""
    return fetch(url, select(func.count()).select_from(statement.subquery()))[0][0]


def contents(url: str) -> dict[str, list[Any]]:
    """All rows of all tables."""
    tables = [model.__table__ for model in (*COLUMNS, UserCounter, PostCounter, CommentCounter)]
    return {table.name: fetch(url, select(table).order_by(*table.primary_key)) for table in tables}


IMPOSSIBLE = {
    "a comment on what its author may not see": select(reply.id)
    .join(post, post.id == reply.post_id)
    .where(~visible_post(reply.author_id, post)),
    "an answer to somebody whom a block hides": select(reply.id)
    .join(parent, parent.id == reply.parent_id)
    .where(~visible_user(reply.author_id, parent.author_id)),
    "a like of a post that one may not see": select(PostLike.user_id)
    .join(post, post.id == PostLike.post_id)
    .where(~visible_post(PostLike.user_id, post)),
    "a like of a comment that one may not see": select(CommentLike.user_id)
    .join(reply, reply.id == CommentLike.comment_id)
    .join(post, post.id == reply.post_id)
    .where(or_(~visible_user(CommentLike.user_id, reply.author_id), ~visible_post(CommentLike.user_id, post))),
    "a follow across a block": select(Follow.id).where(~visible_user(Follow.follower_id, Follow.followee_id)),
    "a request across a block": select(FollowRequest.id).where(
        ~visible_user(FollowRequest.follower_id, FollowRequest.followee_id)
    ),
    "a request by a follower": select(FollowRequest.id).join(
        Follow,
        tuple_(Follow.follower_id, Follow.followee_id) == tuple_(FollowRequest.follower_id, FollowRequest.followee_id),
    ),
    "an answer that isn't after what it answers, in its thread, one deeper": select(reply.id)
    .join(parent, parent.id == reply.parent_id)
    .where(
        or_(
            reply.id <= parent.id,
            reply.created_at < parent.created_at,
            reply.post_id != parent.post_id,
            reply.depth != parent.depth + 1,
        )
    ),
    "a comment that isn't after its post": select(reply.id)
    .join(post, post.id == reply.post_id)
    .where(or_(reply.id <= post.id, reply.created_at < post.created_at)),
    "a top-level comment with a depth": select(reply.id).where(reply.parent_id.is_(None), reply.depth != 0),
    "somebody who posts before they joined": select(Post.id)
    .join(User, User.id == Post.author_id)
    .where(Post.created_at < User.created_at),
    "somebody without an account": select(User.id).where(~User.id.in_(select(Account.user_id))),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_a_seeded_world_has_nothing_impossible(world: str, what: str):
    assert fetch(world, IMPOSSIBLE[what].limit(3)) == []


@pytest.mark.parametrize(
    ("counter", "name", "counted"),
    [
        (UserCounter, "public_posts", select(Post.author_id).where(Post.visibility == Visibility.PUBLIC)),
        (UserCounter, "follower_posts", select(Post.author_id).where(Post.visibility == Visibility.FOLLOWERS)),
        (UserCounter, "followers", select(Follow.followee_id)),
        (UserCounter, "following", select(Follow.follower_id)),
        (PostCounter, "likes", select(PostLike.post_id)),
        (PostCounter, "comments", select(Comment.post_id)),
        (CommentCounter, "likes", select(CommentLike.comment_id)),
        (CommentCounter, "replies", select(Comment.parent_id).where(Comment.parent_id.is_not(None))),
    ],
)
def test_its_counters_equal_a_recount(world: str, counter: Any, name: str, counted: Select[Any]):
    column = getattr(counter, name)
    stored = {owner: total for owner, total in fetch(world, select(owner_of(counter), column)) if total}
    owner = counted.selected_columns[0]
    assert stored == dict(fetch(world, counted.add_columns(func.count()).group_by(owner)))
    assert stored


def test_its_ids_tell_the_time_and_are_unique(world: str):
    seen: set[int] = set()
    for model in (User, Block, Follow, FollowRequest, Post, Comment):
        rows = fetch(world, select(model.id, model.created_at))
        assert all(ids.at(created) >> 10 == number >> 10 and created <= NOW for number, created in rows)
        assert seen.isdisjoint(number for number, _ in rows)
        seen.update(number for number, _ in rows)


def test_its_people_and_texts_are_such_as_could_have_been_entered(world: str):
    for handle, name, bio in fetch(world, select(User.handle, User.name, User.bio)):
        assert text.clean_handle(handle) == handle
        assert text.clean(name, 50) == name
        assert bio is None or text.clean(bio, 160) == bio
    for [body] in fetch(world, select(Post.body).union_all(select(Comment.body))):
        assert text.clean(body, 2_000) == body


FOREIGN_KEYS = """select count(*) from pg_constraint
    where contype = 'f' and conrelid::regclass::text not like 'procrastinate%'"""


def test_the_schema_is_whole_after_it(world: str):
    migrations.check(world)
    with psycopg.connect(world) as connection:
        foreign_keys = connection.execute(FOREIGN_KEYS).fetchone()
    assert foreign_keys == (len([key for table in User.metadata.tables.values() for key in table.foreign_keys]),)


def test_a_seed_makes_so_many(seeded: str):
    for name, model in {"users": User, "posts": Post, "comments": Comment, "follows": Follow}.items():
        assert number(seeded, select(model.id)) == NUMBERS[name]
    likes = number(seeded, select(PostLike.user_id)) + number(seeded, select(CommentLike.user_id))
    assert NUMBERS["likes"] / 2 < likes <= NUMBERS["likes"] * 1.5


def test_a_network_is_skewed_and_has_some_of_everything(seeded: str):
    followers = sorted(count for [count] in fetch(seeded, select(UserCounter.followers)))
    assert followers[-1] > 4 * followers[len(followers) // 2]
    assert fetch(seeded, select(func.max(Comment.depth)))[0][0] >= 3
    for some in (
        select(User.id).where(User.is_private),
        select(Post.id).where(Post.visibility == Visibility.FOLLOWERS),
        select(Comment.id).join(Post).where(Post.visibility == Visibility.FOLLOWERS),
        select(Block.id),
        select(FollowRequest.id),
    ):
        assert number(seeded, some) > 0


def test_who_is_measured_follows_exactly_so_many(seeded: str):
    follows_50 = select(Follow.id).join(User, User.id == Follow.follower_id).where(User.handle == "follows_50")
    assert number(seeded, follows_50) == 50


def test_an_inhabited_database_is_refused_and_left_as_it_is(seeded: str):
    before = contents(seeded)
    with pytest.raises(InhabitedError):
        seed(seeded, **NUMBERS, seed=2)
    assert not demo.seed_demo(seeded)
    assert contents(seeded) == before


def test_the_same_seed_makes_the_same_world_and_another_another(seeded: str):
    before = contents(seeded)
    seed(seeded, **NUMBERS, now=NOW, seed=2, reset=True)
    assert contents(seeded)["posts"] != before["posts"]
    seed(seeded, **NUMBERS, now=NOW, reset=True)
    assert contents(seeded) == before


@pytest.mark.parametrize("wrong", [{"users": 49}, {"users": 100, "follows": 9_000}, {"now": datetime(2024, 1, 1)}])
def test_numbers_that_cannot_be_are_refused_before_anything_is_removed(seeded: str, wrong: dict[str, Any]):
    before = number(seeded, select(Post.id))
    with pytest.raises(ValueError, match=r"users|ids"):
        seed(seeded, **NUMBERS | wrong, reset=True)
    assert number(seeded, select(Post.id)) == before


def test_demo_people_sign_in_with_the_password_that_the_banner_tells(world: str):
    ada = select(Account.email, Account.password_hash).join(User).where(User.handle == demo.HOST)
    [(email, password_hash)] = fetch(world, ada)
    assert email == "ada@starling.example"
    assert PasswordHasher().verify(password_hash, demo.PASSWORD)


def test_one_request_waits_for_the_host_and_one_for_another(world: str):
    follower, followee = aliased(User), aliased(User)
    requests = (
        select(follower.handle, followee.handle)
        .select_from(FollowRequest)
        .join(follower, follower.id == FollowRequest.follower_id)
        .join(followee, followee.id == FollowRequest.followee_id)
        .where(or_(follower.handle == demo.HOST, followee.handle == demo.HOST))
    )
    assert set(fetch(world, requests)) == {("ada", "emily"), ("charles", "ada")}
