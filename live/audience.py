"""Whom of those who listen an event concerns: one SELECT for all of them, made after the event came."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.gathering import Gathering
from domain.visibility import UserIdColumn, follows, visible_comment, visible_post, visible_user
from loaders.counts import hidden, totals
from models.comments import Comment
from models.posts import Post, PostCounter, PostLike

_IDS = ARRAY(BigInteger)
_viewers = func.unnest(bindparam("viewers", type_=_IDS)).table_valued("viewer").render_derived(name="viewers")
_viewer = _viewers.c.viewer
_AUTHOR: ColumnElement[int] = bindparam("author", type_=BigInteger)
_ID: ColumnElement[int] = bindparam("id", type_=BigInteger)
_ANY_ID = any_(bindparam("ids", type_=_IDS))


class Seen(NamedTuple):
    """A row, and which of the viewers may see it."""

    row: Any
    by: Collection[int]


def _has_in_feed(author: UserIdColumn) -> ColumnElement[bool]:
    return or_(_viewer == author, follows(_viewer, author))


def _seen(model: type[Post] | type[Comment], *rule: ColumnElement[bool]) -> Executable:
    """The rows `ids`, each once for all the viewers for whom the rule holds."""
    rows = select(model, func.array_agg(_viewer).label("viewers"))
    return rows.join(_viewers, and_(*rule)).where(model.id == _ANY_ID).group_by(model.id)


_POST = _seen(Post, visible_post(_viewer))
_FEED_POST = _seen(Post, _has_in_feed(Post.author_id), visible_post(_viewer))
_COMMENT = _seen(Comment, visible_comment(_viewer))
_HAVE_AUTHOR = select(_viewer).where(_has_in_feed(_AUTHOR))
_SEE_POST_AND_AUTHOR = (
    select(_viewer).join(Post, Post.id == _ID).where(visible_post(_viewer), visible_user(_viewer, _AUTHOR))
)
_LOST_POST = (
    select(_viewer, visible_user(_viewer, Post.author_id).label("sees_author"))
    .join(Post, Post.id == _ID)
    .where(~visible_post(_viewer))
)
_totals = totals(PostCounter, Post.id, "likes", "comments")
_COUNTS = (
    select(
        (_totals.c.likes - hidden(PostLike.user_id, PostLike.post_id == Post.id, viewer=_viewer)).label("likes"),
        (_totals.c.comments - hidden(Comment.author_id, Comment.post_id == Post.id, viewer=_viewer)).label("comments"),
        func.array_agg(_viewer).label("viewers"),
    )
    .select_from(Post)
    .join(_totals, true())
    .join(_viewers, visible_post(_viewer))
    .where(Post.id == _ID)
    .group_by(literal_column("1"), literal_column("2"))
)
_pairs = (
    func.unnest(bindparam("viewers", type_=_IDS), bindparam("posts", type_=_IDS))
    .table_valued("viewer", "post")
    .render_derived(name="pairs")
)
_VISIBLE = select(_pairs.c.viewer, Post.id, Post.author_id).join(
    Post, and_(Post.id == _pairs.c.post, visible_post(_pairs.c.viewer))
)


class Audience:
    """Asks who may see what, for many viewers at once. Remembers nothing. All raise Unavailable."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def of_post(self, post_id: int, viewers: Collection[int]) -> Seen | None:
        """The post, and who may see it; None where nobody may."""
        return (await self._seen(_POST, [post_id], viewers)).get(post_id)

    async def of_posts_in_feeds(self, ids: Collection[int], viewers: Collection[int]) -> dict[int, Seen]:
        """Posts, and who has each in the feed, by id; none that nobody has."""
        return await self._seen(_FEED_POST, ids, viewers)

    async def of_comments(self, ids: Collection[int], viewers: Collection[int]) -> dict[int, Seen]:
        """Comments, and who may see each, by id; none that nobody may."""
        return await self._seen(_COMMENT, ids, viewers)

    async def of_author(self, author_id: int, viewers: Collection[int]) -> list[int]:
        """Who has the author's posts in the feed."""
        return [row.viewer for row in await self._read(_HAVE_AUTHOR, viewers, author=author_id)]

    async def of_post_and_person(self, post_id: int, author_id: int, viewers: Collection[int]) -> list[int]:
        """Who may see both the post and this person."""
        return [row.viewer for row in await self._read(_SEE_POST_AND_AUTHOR, viewers, id=post_id, author=author_id)]

    async def without_post(self, post_id: int, viewers: Collection[int]) -> list[Any]:
        """Each `viewer` who may not see the post, and whether that `sees_author`; nobody where there is no post."""
        return await self._read(_LOST_POST, viewers, id=post_id)

    async def of_counts(self, post_id: int, viewers: Collection[int]) -> list[Any]:
        """The post's `likes` and `comments`, each pair with the `viewers` for whom it counts so."""
        return await self._read(_COUNTS, viewers, id=post_id)

    async def _seen(self, statement: Executable, ids: Collection[int], viewers: Collection[int]) -> dict[int, Seen]:
        rows = await self._read(statement, viewers, ids=list(ids)) if ids else []
        return {row.id: Seen(row._replace(viewers=None), row.viewers) for row in rows}

    async def _read(self, statement: Executable, viewers: Collection[int], **parameters: Any) -> list[Any]:
        return await self.db.read(statement, viewers=list(viewers), **parameters)


class VisiblePosts:
    """Which posts viewers may see, asked at once for all who subscribe at once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._authors = Gathering(self._ask)

    async def author(self, viewer: int, post_id: int) -> int | None:
        """Who wrote a post that the viewer may see; None for any other. Raises Unavailable."""
        return (await self._authors.about((viewer, post_id))).get((viewer, post_id))

    async def _ask(self, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
        viewers, posts = map(list, zip(*pairs, strict=True))
        rows = await self._db.read(_VISIBLE, viewers=viewers, posts=posts)
        return {(row.viewer, row.id): row.author_id for row in rows}
