"""The demo world, which newcomers find on their first start: the people and threads of demo.txt, as rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

from argon2 import PasswordHasher

from domain.seeding import bulk
from domain.seeding.bulk import Row
from domain.seeding.moments import Ids, beginning, milliseconds, stamp
from models.base import Base
from models.comments import Comment, CommentLike
from models.follows import Follow, FollowRequest
from models.posts import Post, PostLike, Visibility
from models.users import Account, User

PASSWORD = "starling"  # noqa: S105
HOST = "ada"
"""Whom newcomers sign in as; follows almost everybody, so that the feed is full."""
_WAITING = ((HOST, "emily"), ("charles", HOST))
"""Who has asked whom to be accepted as a follower: one request to wait for, one to answer."""

MINUTE = 60 * 1000
_LINE = re.compile(r"(?P<indent> *)(?P<handle>[a-z0-9_]+)(?: \((?P<mark>private|followers)\))?(?: = |: )(?P<rest>.+)")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in demo.txt."""

    handle: str
    name: str
    bio: str
    is_private: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A post or a comment in demo.txt, with what was answered to it."""

    by: str
    text: str
    for_followers: bool
    depth: int
    answers: list["Said"] = field(default_factory=list)


def seed_demo(database_url: str, *, now: datetime | None = None) -> bool:
    """Fill an empty database with the demo world; one that has anybody is left alone. Returns whether it was empty."""
    with bulk.filling(database_url) as connection:
        if bulk.is_inhabited(connection):
            return False
        world = rows(milliseconds(now or datetime.now(UTC)), Ids())
        for model in bulk.COLUMNS:
            bulk.copy(connection, model, world.get(model, ()))
        bulk.count(connection)
        bulk.analyze(connection)
    return True


@cache
def read() -> tuple[list[Person], list[Said]]:
    """The people and the threads of demo.txt, the newest thread first."""
    source = Path(__file__).with_suffix(".txt").read_text("utf-8")
    _, people, threads = re.split(r"^\[\w+\]\n", source, flags=re.MULTILINE)
    return [*map(_person, people.split("\n\n")[0].splitlines())], _threads(threads)


def _person(line: str) -> Person:
    match = _parsed(line)
    name, bio = match["rest"].split(" | ")
    return Person(match["handle"], name, bio, match["mark"] == "private")


def _threads(lines: str) -> list[Said]:
    root = Said("", "", False, -1)
    open_: list[Said] = [root]
    for match in map(_parsed, lines.splitlines()):
        depth = len(match["indent"]) // 2
        said = Said(match["handle"], match["rest"], match["mark"] == "followers", depth)
        del open_[depth + 1 :]
        open_[-1].answers.append(said)
        open_.append(said)
    return root.answers


def _parsed(line: str) -> re.Match[str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"demo.txt has a line that says nothing: {line!r}")
    return match


@cache
def password_hash() -> str:
    """Of the demo password: argon2id, with a salt that is always the same, for it is no secret."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD, salt=b"starling's nest!")


def account(user_id: int, handle: str, joined: int) -> Row:
    """The account of somebody who signs in with the demo password; `joined` is a `stamp`."""
    return user_id, f"{handle}@starling.example", joined, password_hash()


def rows(now: int, ids: Ids) -> dict[type[Base], list[Row]]:
    """The rows of the demo world, whose newest thread began three minutes ago."""
    return _World(now, ids).rows


class _World:
    """The demo world's rows in the making. Always the same, `now` and its ids aside."""

    def __init__(self, now: int, ids: Ids) -> None:
        self._now, self._make_id = now, ids.at
        self._random = Random("the demo world")  # noqa: S311
        self._people, self._threads = read()
        self._users: dict[str, int] = {}
        self._followers: dict[str, set[str]] = {}
        self.rows: dict[type[Base], list[Row]] = {model: [] for model in bulk.COLUMNS}
        self._settle()
        for i, post in enumerate(self._threads):
            self._publish(post, self._begun(i))

    def _settle(self) -> None:
        joined = beginning(self._now)
        for i, person in enumerate(self._people):
            user = self._users[person.handle] = self._make_id(joined + i * MINUTE)
            profile = (person.handle, person.name, person.bio, person.is_private, stamp(joined + i * MINUTE))
            self.rows[User].append((user, *profile))
            self.rows[Account].append(account(user, person.handle, profile[-1]))
        for i, (follower, followee) in enumerate(self._pairs()):
            self._relate(Follow, follower, followee, joined + (60 + i) * MINUTE)
            self._followers.setdefault(followee, set()).add(follower)
        for i, (follower, followee) in enumerate(_WAITING):
            self._relate(FollowRequest, follower, followee, self._now - (50 - i) * MINUTE)

    def _pairs(self) -> list[tuple[str, str]]:
        """Who follows whom: those who speak beneath what is for followers, and many more."""
        handles = [person.handle for person in self._people]
        pairs = {(who, post.by) for post in self._threads if self._is_restricted(post) for who in _speakers(post)}
        for follower in handles:
            number = len(handles) - 2 if follower == HOST else self._random.randint(8, 16)
            pairs.update((follower, followee) for followee in self._random.sample(handles, number))
        return sorted(pair for pair in pairs if len(set(pair)) == 2 and pair not in _WAITING)

    def _relate(self, model: type[Base], follower: str, followee: str, moment: int) -> None:
        pair = self._users[follower], self._users[followee]
        self.rows[model].append((*pair, self._make_id(moment), stamp(moment)))

    def _begun(self, i: int) -> int:
        """When the thread began: the newest three minutes ago, the oldest six weeks, ever farther apart."""
        return self._now - int((3 + 60_000 * (i / len(self._threads)) ** 2.2) * MINUTE)

    def _publish(self, post: Said, begun: int) -> None:
        post_id = self._make_id(begun)
        visibility = Visibility.FOLLOWERS if post.for_followers else Visibility.PUBLIC
        self.rows[Post].append((post_id, self._users[post.by], post.text, visibility, stamp(begun)))
        readers = self._readers(post)
        self._like(PostLike, post_id, begun, self._random.sample(readers, self._random.randint(0, len(readers) // 2)))
        for comment_id, moment in self._answer(post, post_id, None, begun):
            self._like(CommentLike, comment_id, moment, [who for who in readers if self._random.random() < 0.06])

    def _readers(self, post: Said) -> list[str]:
        if self._is_restricted(post):
            return sorted(self._followers[post.by])
        return [handle for handle in self._users if handle != post.by]

    def _is_restricted(self, post: Said) -> bool:
        return post.for_followers or any(person.is_private for person in self._people if person.handle == post.by)

    def _answer(self, said: Said, post_id: int, parent_id: int | None, moment: int) -> Iterator[tuple[int, int]]:
        """Add the comments beneath something; yields their ids and moments."""
        for answer in said.answers:
            moment += self._random.randint(1, min(45 * MINUTE, (self._now - moment) // 4))
            comment_id = self._make_id(moment)
            content = (answer.depth - 1, answer.text, stamp(moment))
            self.rows[Comment].append((comment_id, post_id, parent_id, self._users[answer.by], *content))
            yield comment_id, moment
            yield from self._answer(answer, post_id, comment_id, moment)

    def _like(self, model: type[Base], of: int, moment: int, readers: list[str]) -> None:
        for reader in readers:
            liked = stamp(moment + self._random.randint(1, self._now - moment))
            self.rows[model].append((of, self._users[reader], liked))


def _speakers(said: Said) -> Iterator[str]:
    for answer in said.answers:
        yield answer.by
        yield from _speakers(answer)
