"""A small world in which people stand differently to one another, and what each may see of it, worked out from its rows
alone: no loader, no command and no policy has a say in that.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import permutations
from typing import Any

from core.database import Database
from domain import comments, follows, likes, posts
from domain.viewer import NOBODY, Viewer
from models.posts import Visibility
from tests import factories
from tests.api import Person
from tests.factories import sql, viewer

WORD = "wombat"
"""In every text and every name, so that a search finds everything."""
NAMES = ("author", "recluse", "follower", "stranger", "asker", "blocked", "blocker")


async def build(db: Database) -> dict[str, Person]:
    """People by what they are to `author`, who is open, and to `recluse`, who is private."""
    people = {name: await factories.person(db, name=f"{name} {WORD}", is_private=name == "recluse") for name in NAMES}
    who = {name: viewer(person) for name, person in people.items()}
    await _follow(db, who)
    for name, one in who.items():
        await _post(db, who, name, one, Visibility.PUBLIC)
    for name in ("author", "recluse"):
        await _post(db, who, name, who[name], Visibility.FOLLOWERS)
    await follows.block(db, who["author"], who["blocked"].key)
    await follows.block(db, who["blocker"], who["author"].key)
    return people


async def _follow(db: Database, who: dict[str, Viewer]) -> None:
    for one, other in permutations(NAMES, 2):
        if other in ("author", "stranger", "blocked", "blocker") and one != "stranger":
            await follows.follow(db, who[one], who[other].key)
    for name in ("follower", "author", "asker", "blocker"):
        await follows.follow(db, who[name], who["recluse"].key)
    for name in ("follower", "author"):
        await follows.accept(db, who["recluse"], who[name].key)


async def _post(db: Database, who: dict[str, Viewer], name: str, author: Viewer, visibility: Visibility) -> None:
    """A post, liked and talked about by all who can see it: a thread beneath each of a few comments."""
    post = await posts.create(db, author, body=f"{WORD} by {name}, {visibility}", visibility=visibility)
    is_for_all = visibility is Visibility.PUBLIC and name != "recluse"
    for one in ("author", "blocked", "blocker") if is_for_all else ("author", "follower"):
        await likes.like_post(db, who[one], post.id)
        top = await _say(db, who, one, post.id, None)
        await likes.like_comment(db, who[one], top)
    if is_for_all and name in ("author", "stranger"):
        for one, other in (("recluse", "author"), ("blocked", "stranger"), ("author", "blocker")):
            top = await _say(db, who, one, post.id, None)
            reply = await _say(db, who, other, post.id, top)
            for third in ("author", "blocked", "follower"):
                await likes.like_comment(db, who[third], reply)
                await _say(db, who, third, post.id, reply)


async def _say(db: Database, who: dict[str, Viewer], name: str, post_id: int, parent_id: int | None) -> int:
    body = f"{WORD}, says {name}"
    return (await comments.add(db, who[name], post_id=post_id, parent_id=parent_id, body=body)).id


class Facts:
    """All rows there are, those that hang on something by what they hang on."""

    async def read(self, db: Database) -> "Facts":
        """Read all rows."""
        self.users = {row.id: row for row in await sql(db, "select id, handle, name, is_private from users")}
        self.posts = {row.id: row for row in await sql(db, "select id, author_id, body, visibility from posts")}
        query = "select id, post_id, parent_id, author_id, depth, body from comments"
        self.comments = {row.id: row for row in await sql(db, query)}
        self.posts_by = _grouped((row.author_id, row.id) for row in self.posts.values())
        self.commenters = _grouped((row.post_id, row.author_id) for row in self.comments.values())
        self.repliers = _grouped((row.parent_id, row.author_id) for row in self.comments.values())
        self.followers = _grouped(await sql(db, "select followee_id, follower_id from follows"))
        self.followees = _grouped(await sql(db, "select follower_id, followee_id from follows"))
        self.asking = _grouped(await sql(db, "select followee_id, follower_id from follow_requests"))
        self.blocks = {tuple(row) for row in await sql(db, "select blocker_id, blocked_id from blocks")}
        self.likers = {
            "post": _grouped(await sql(db, "select post_id, user_id from post_likes")),
            "comment": _grouped(await sql(db, "select comment_id, user_id from comment_likes")),
        }
        return self

    def ids_by(self, people: set[int]) -> list[str]:
        """The ids of these people and of all that they made."""
        made = {"post": self.posts, "comment": self.comments}
        return [f"user_{each}" for each in people] + [
            f"{kind}_{each}" for kind, rows in made.items() for each, row in rows.items() if row.author_id in people
        ]


class Eyes:
    """One viewer's: what the policy lets them see of each node. Ids are as clients know them."""

    def __init__(self, facts: Facts, me: int = NOBODY) -> None:
        self.facts, self.me = facts, me
        self._seen: dict[str, dict[str, Any] | None] = {}

    def see(self, node_id: str) -> dict[str, Any] | None:
        """What is known for sure of a node's fields; None where it is hidden."""
        if node_id not in self._seen:
            kind, number = node_id.split("_")
            sees, says = getattr(self, f"sees_{kind}"), getattr(self, f"_{kind}")
            self._seen[node_id] = says(int(number)) if sees(int(number)) else None
        return self._seen[node_id]

    def sees_user(self, user: int) -> bool:
        return (self.me, user) not in self.facts.blocks and (user, self.me) not in self.facts.blocks

    def sees_post(self, post: int) -> bool:
        row = self.facts.posts[post]
        is_for_all = row.visibility == "PUBLIC" and not self.facts.users[row.author_id].is_private
        is_mine_to_see = row.author_id == self.me or self.me in self.facts.followers[row.author_id]
        return self.sees_user(row.author_id) and (is_for_all or is_mine_to_see)

    def sees_comment(self, comment: int) -> bool:
        row = self.facts.comments[comment]
        return self.sees_user(row.author_id) and self.sees_post(row.post_id)

    def _count(self, people: list[int]) -> int:
        return sum(map(self.sees_user, people))

    def _user(self, user: int) -> dict[str, Any]:
        row, facts = self.facts.users[user], self.facts
        state = "REQUESTED" if self.me in facts.asking[user] else "NONE"
        return {
            "handle": row.handle,
            "name": row.name,
            "isPrivate": row.is_private,
            "postCount": sum(map(self.sees_post, facts.posts_by[user])),
            "followerCount": self._count(facts.followers[user]),
            "followingCount": self._count(facts.followees[user]),
            "viewerFollow": "FOLLOWING" if self.me in facts.followers[user] else state,
            "followsViewer": self.me in facts.followees[user],
            "viewerHasBlocked": False,
        }

    def _post(self, post: int) -> dict[str, Any]:
        row, likers = self.facts.posts[post], self.facts.likers["post"][post]
        return {
            "body": row.body,
            "visibility": row.visibility,
            "likeCount": self._count(likers),
            "commentCount": self._count(self.facts.commenters[post]),
            "viewerHasLiked": self.me in likers,
        }

    def _comment(self, comment: int) -> dict[str, Any]:
        row, likers = self.facts.comments[comment], self.facts.likers["comment"][comment]
        return {
            "body": row.body,
            "depth": row.depth,
            "likeCount": self._count(likers),
            "replyCount": self._count(self.facts.repliers[comment]),
            "viewerHasLiked": self.me in likers,
        }


def _grouped(pairs: Iterable[Any]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for key, value in pairs:
        grouped[key].append(value)
    return grouped
