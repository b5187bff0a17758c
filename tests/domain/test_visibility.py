"""The policy in both its forms, over every way in which a viewer can stand to an author."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest
from sqlalchemy import literal, select

from core.database import Database
from core.errors import NotFound
from domain import comments, follows, posts
from domain.viewer import NOBODY, Viewer
from domain.visibility import (
    Standing,
    hidden_users,
    may_see_comment,
    may_see_post,
    may_see_user,
    visible_comment,
    visible_post,
    visible_user,
)
from loaders.base import ANY_KEY, Loaders
from loaders.comments import CommentById
from loaders.posts import PostById
from loaders.users import UserById
from models.comments import Comment
from models.posts import Post
from models.users import User
from tests import factories

STANDINGS = {
    "stranger": Standing(),
    "self": Standing(is_self=True),
    "follower": Standing(follows=True),
    "followed": Standing(),
    "asked": Standing(),
    "was asked": Standing(),
    "blocked": Standing(blocked=True),
    "blocker": Standing(blocked=True),
    "both blocked": Standing(blocked=True),
    "blocked follower": Standing(follows=True, blocked=True),
    "blocking follower": Standing(follows=True, blocked=True),
}
SEES_EVERYTHING = {"self", "follower"}
SEES_WHAT_ALL_SEE = {"stranger", "followed", "asked", "was asked"}
"""Said a second time and by name, so that the two forms can't be wrong together."""


@dataclass(frozen=True)
class World:
    """A viewer, an author for each standing and privacy, a post of each kind by each, a comment by each on each."""

    viewer: Viewer
    authors: dict[int, tuple[str, bool]]
    posts: dict[int, tuple[int, str]]
    comments: dict[int, tuple[int, int]]

    @classmethod
    async def build(cls, db: Database, *, private: bool) -> "World":
        me = await factories.user(db, is_private=private)
        authors = {me: ("self", private)}
        for name, is_private in product(set(STANDINGS) - {"self"}, (False, True)):
            author = await factories.user(db, is_private=is_private)
            authors[author] = name, is_private
            await _relate(db, name, me, author)
        kinds = list(product(authors, ("PUBLIC", "FOLLOWERS")))
        posts = await factories.make(db, Post, [{"author_id": a, "visibility": v} for a, v in kinds])
        places = list(product(posts, authors))
        comments = await factories.make(db, Comment, [{"post_id": p, "author_id": a} for p, a in places])
        return cls(
            Viewer(me, 1),
            authors,
            dict(zip(posts, kinds, strict=True)),
            dict(zip(comments, places, strict=True)),
        )

    def signed_out(self) -> "World":
        """The same world for nobody: everybody is a stranger."""
        strangers = {author: ("stranger", private) for author, (_, private) in self.authors.items()}
        return replace(self, viewer=Viewer(), authors=strangers)

    def standing(self, author: int) -> Standing:
        return STANDINGS[self.authors[author][0]]

    def may_see_post(self, post: int) -> bool:
        author, visibility = self.posts[post]
        private = self.authors[author][1]
        return may_see_post(self.standing(author), visibility=visibility, author_is_private=private)

    def may_see_comment(self, comment: int) -> bool:
        post, author = self.comments[comment]
        return may_see_comment(self.standing(author), post_is_visible=self.may_see_post(post))


async def _relate(db: Database, name: str, me: int, author: int) -> None:
    if name in ("follower", "blocked follower", "blocking follower"):
        await factories.follow(db, [me], [author])
    if name == "followed":
        await factories.follow(db, [author], [me])
    if name == "asked":
        await factories.request(db, [me], [author])
    if name == "was asked":
        await factories.request(db, [author], [me])
    if name in ("blocked", "both blocked", "blocked follower"):
        await factories.block(db, [author], [me])
    if name in ("blocker", "both blocked", "blocking follower"):
        await factories.block(db, [me], [author])


@pytest.fixture(scope="module")
async def worlds(db: Database) -> dict[str, World]:
    """The world as an open viewer, a private one and a signed-out one see it."""
    of_open, of_private = await World.build(db, private=False), await World.build(db, private=True)
    return {"open": of_open, "private": of_private, "signed out": of_open.signed_out()}


@pytest.fixture(params=["open", "private", "signed out"])
def world(worlds: dict[str, World], request: pytest.FixtureRequest) -> World:
    return worlds[request.param]


async def _visible(db: Database, model: type[Any], rule: Any, ids: Iterable[int]) -> dict[int, bool]:
    """What the SQL form says of each row."""
    rows = await db.read(select(model.id, rule.label("visible")).where(model.id == ANY_KEY), keys=list(ids))
    return {row.id: row.visible for row in rows}


def test_the_predicate_says_what_the_policy_says(world: World) -> None:
    for author, (name, _) in world.authors.items():
        assert may_see_user(world.standing(author)) == (name in SEES_EVERYTHING | SEES_WHAT_ALL_SEE), name
    for post, (author, visibility) in world.posts.items():
        name, private = world.authors[author]
        for_all = visibility == "PUBLIC" and not private
        expected = name in SEES_EVERYTHING or (for_all and name in SEES_WHAT_ALL_SEE)
        assert world.may_see_post(post) == expected, (name, visibility, private)


async def test_both_forms_agree_on_every_person(db: Database, world: World) -> None:
    found = await _visible(db, User, visible_user(literal(world.viewer.key), User.id), world.authors)
    assert found == {author: may_see_user(world.standing(author)) for author in world.authors}


async def test_both_forms_agree_on_every_post(db: Database, world: World) -> None:
    found = await _visible(db, Post, visible_post(literal(world.viewer.key)), world.posts)
    assert found == {post: world.may_see_post(post) for post in world.posts}


async def test_both_forms_agree_on_every_comment(db: Database, world: World) -> None:
    found = await _visible(db, Comment, visible_comment(literal(world.viewer.key)), world.comments)
    assert found == {comment: world.may_see_comment(comment) for comment in world.comments}
    assert set(found.values()) == {True, False}


async def test_whom_a_block_hides_is_taken_off_counts_once(db: Database, world: World) -> None:
    hidden = hidden_users(literal(world.viewer.key))
    found = sorted(row.user_id for row in await db.read(select(hidden.c.user_id)))
    assert found == sorted(author for author in world.authors if not may_see_user(world.standing(author)))


async def test_loaders_show_what_the_policy_shows(db: Database, world: World) -> None:
    loaders = Loaders(db, world.viewer)
    for loader, expected in (
        (UserById, {each: may_see_user(world.standing(each)) for each in world.authors}),
        (PostById, {each: world.may_see_post(each) for each in world.posts}),
        (CommentById, {each: world.may_see_comment(each) for each in world.comments}),
    ):
        rows = await loaders[loader].load_many(list(expected))
        assert [row is not None for row in rows] == list(expected.values()), loader


async def test_commands_act_on_what_the_policy_shows(db: Database, world: World) -> None:
    one_of_each = list(world.comments)[:: len(world.comments) // 90]
    for command, expected in (
        (follows.visible, {each: may_see_user(world.standing(each)) for each in world.authors}),
        (posts.visible, {each: world.may_see_post(each) for each in world.posts}),
        (comments.visible, {each: world.may_see_comment(each) for each in one_of_each}),
    ):
        assert await _acts_on(db, world.viewer, command, expected) == expected, command


async def _acts_on(db: Database, viewer: Viewer, command: Any, ids: Iterable[int]) -> dict[int, bool]:
    found = {}
    async with db.write() as tx:
        for each in ids:
            try:
                found[each] = (await command(tx, viewer, each)).id == each
            except NotFound:
                found[each] = False
    return found


async def test_nobody_is_a_follower_of_anybody(db: Database, world: World) -> None:
    """`NOBODY` stands for the signed-out viewer: a row with this id would make somebody of them."""
    assert await db.read(select(User.id).where(User.id == NOBODY)) == []
