"""A small world in which people stand differently to one another, and what each may see of it, worked out from its rows
alone: no loader, no command and no policy has a say in that.
"""

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
    """All rows there are, and what follows from them for one viewer. Ids are as clients know them."""

    def __init__(self, viewer_id: int = NOBODY) -> None:
        self.me = viewer_id

    async def read(self, db: Database) -> "Facts":
        """Read all rows."""
        self.users = {row.id: row for row in await sql(db, "select id, handle, name, is_private from users")}
        self.posts = {row.id: row for row in await sql(db, "select id, author_id, body, visibility from posts")}
        query = "select id, post_id, parent_id, author_id, depth, body from comments"
        self.comments = {row.id: row for row in await sql(db, query)}
        self.follows = await _pairs(db, "select follower_id, followee_id from follows")
        self.requests = await _pairs(db, "select follower_id, followee_id from follow_requests")
        self.blocks = await _pairs(db, "select blocker_id, blocked_id from blocks")
        self.post_likes = await _pairs(db, "select user_id, post_id from post_likes")
        self.comment_likes = await _pairs(db, "select user_id, comment_id from comment_likes")
        return self

    def as_seen_by(self, viewer_id: int) -> "Facts":
        """The same rows, for another viewer."""
        other = Facts(viewer_id)
        other.__dict__ |= {**self.__dict__, "me": viewer_id}
        return other

    def visible(self) -> dict[str, dict[str, Any]]:
        """What is known for sure of each node that the viewer may see, by its id."""
        nodes = {f"user_{each}": self._user(each) for each in self.users if self.sees_user(each)}
        nodes |= {f"post_{each}": self._post(each) for each in self.posts if self.sees_post(each)}
        return nodes | {f"comment_{each}": self._comment(each) for each in self.comments if self.sees_comment(each)}

    def ids_by(self, people: set[int]) -> list[str]:
        """The ids of these people and of all that they made."""
        made = {"post": self.posts, "comment": self.comments}
        return [f"user_{each}" for each in people] + [
            f"{kind}_{each}" for kind, rows in made.items() for each, row in rows.items() if row.author_id in people
        ]

    def sees_user(self, user: int) -> bool:
        return not {(self.me, user), (user, self.me)} & self.blocks

    def sees_post(self, post: int) -> bool:
        row = self.posts[post]
        is_for_all = row.visibility == "PUBLIC" and not self.users[row.author_id].is_private
        is_mine_to_see = row.author_id == self.me or (self.me, row.author_id) in self.follows
        return self.sees_user(row.author_id) and (is_for_all or is_mine_to_see)

    def sees_comment(self, comment: int) -> bool:
        row = self.comments[comment]
        return self.sees_user(row.author_id) and self.sees_post(row.post_id)

    def _user(self, user: int) -> dict[str, Any]:
        row = self.users[user]
        asked = "REQUESTED" if (self.me, user) in self.requests else "NONE"
        return {
            "handle": row.handle,
            "name": row.name,
            "isPrivate": row.is_private,
            "postCount": sum(row.author_id == user and self.sees_post(post) for post, row in self.posts.items()),
            "followerCount": sum(followee == user and self.sees_user(each) for each, followee in self.follows),
            "followingCount": sum(follower == user and self.sees_user(each) for follower, each in self.follows),
            "viewerFollow": "FOLLOWING" if (self.me, user) in self.follows else asked,
            "followsViewer": (user, self.me) in self.follows,
            "viewerHasBlocked": False,
        }

    def _post(self, post: int) -> dict[str, Any]:
        row = self.posts[post]
        authors = [each.author_id for each in self.comments.values() if each.post_id == post]
        return {
            "body": row.body,
            "visibility": row.visibility,
            "likeCount": self._likes(self.post_likes, post),
            "commentCount": sum(map(self.sees_user, authors)),
            "viewerHasLiked": (self.me, post) in self.post_likes,
        }

    def _comment(self, comment: int) -> dict[str, Any]:
        row = self.comments[comment]
        repliers = [each.author_id for each in self.comments.values() if each.parent_id == comment]
        return {
            "body": row.body,
            "depth": row.depth,
            "likeCount": self._likes(self.comment_likes, comment),
            "replyCount": sum(map(self.sees_user, repliers)),
            "viewerHasLiked": (self.me, comment) in self.comment_likes,
        }

    def _likes(self, pairs: set[tuple[int, int]], of: int) -> int:
        return sum(liked == of and self.sees_user(user) for user, liked in pairs)


async def _pairs(db: Database, statement: str) -> set[tuple[int, int]]:
    return {(one, other) for one, other in await sql(db, statement)}
