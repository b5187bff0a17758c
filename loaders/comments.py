"""Comments: by id, of a post or beneath another comment, their counts, and what the viewer did to them."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from core.ids import LARGEST
from domain.visibility import VIEWER, visible_comment
from loaders.base import ANY_KEY, FlagLoader, RowLoader, each_key
from loaders.counts import hidden, totals
from loaders.pages import AFTER, AFTER_TIE, LIMIT, Listing, Lists
from models.comments import Comment, CommentCounter, CommentLike


class CommentOrder(StrEnum):
    """Which comments come first."""

    NEWEST = "NEWEST"
    OLDEST = "OLDEST"
    TOP = "TOP"


TOP_CANDIDATES = 1_000
"""The most liked comments are looked for among so many of the newest ones: a bound on what a viral post costs."""

_totals = totals(CommentCounter, Comment.id, "likes", "replies")
_reply = aliased(Comment)


class CommentById(RowLoader[Comment]):
    """Comments by id; None where the viewer may not see one."""

    statement = select(Comment).where(Comment.id == ANY_KEY, visible_comment(VIEWER))


class CommentCounts(RowLoader[Any]):
    """`likes` and `replies` of comments, without those by people whom a block hides from the viewer."""

    statement = (
        select(
            Comment.id,
            (_totals.c.likes - hidden(CommentLike.user_id, CommentLike.comment_id == Comment.id)).label("likes"),
            (_totals.c.replies - hidden(_reply.author_id, _reply.parent_id == Comment.id)).label("replies"),
        )
        .join(_totals, true())
        .where(Comment.id == ANY_KEY)
    )


class CommentLikedByViewer(FlagLoader):
    """Whether the viewer likes a comment."""

    statement = select(CommentLike.comment_id).where(CommentLike.comment_id == ANY_KEY, CommentLike.user_id == VIEWER)


def _by_time(name: str, under: InstrumentedAttribute[Any], *rule: ColumnElement[bool], newest: bool) -> Listing:
    parent = each_key("parents")
    order, place = (Comment.id.desc(), Comment.id < AFTER) if newest else (Comment.id, Comment.id > AFTER)
    page = (
        select(Comment)
        .where(under == parent.c.key, place, visible_comment(VIEWER), *rule)
        .order_by(order)
        .limit(LIMIT)
        .lateral("page")
    )
    rows = select(parent.c.key.label("page_of"), aliased(Comment, page)).select_from(parent).join(page, true())
    return Listing(name, rows, start=(LARGEST if newest else -1,))


def _by_likes(name: str, under: InstrumentedAttribute[Any], *rule: ColumnElement[bool]) -> Listing:
    parent = each_key("parents")
    newest = aliased(
        Comment,
        select(Comment)
        .where(under == parent.c.key, visible_comment(VIEWER), *rule)
        .order_by(Comment.id.desc())
        .limit(TOP_CANDIDATES)
        .correlate(parent)
        .lateral("newest"),
    )
    likes = totals(CommentCounter, newest.id, "likes")
    page = (
        select(newest, likes.c.likes)
        .join(likes, true())
        .where(tuple_(likes.c.likes, newest.id) < tuple_(AFTER, AFTER_TIE))
        .order_by(likes.c.likes.desc(), newest.id.desc())
        .limit(LIMIT)
        .correlate(parent)
        .lateral("page")
    )
    rows: Select[Any] = select(parent.c.key.label("page_of"), page.c.likes, aliased(Comment, page))
    return Listing(name, rows.select_from(parent).join(page, true()), ("likes", "id"), (LARGEST, LARGEST))


def _orders(name: str, under: InstrumentedAttribute[Any], *rule: ColumnElement[bool]) -> dict[str, Listing]:
    return {
        CommentOrder.NEWEST: _by_time(f"{name}.newest", under, *rule, newest=True),
        CommentOrder.OLDEST: _by_time(f"{name}.oldest", under, *rule, newest=False),
        CommentOrder.TOP: _by_likes(f"{name}.top", under, *rule),
    }


class CommentsOfPost(Lists):
    """Pages of posts' top-level comments."""

    listings = _orders("Post.comments", Comment.post_id, Comment.parent_id.is_(None))


class RepliesOfComment(Lists):
    """Pages of the direct replies to comments."""

    listings = _orders("Comment.replies", Comment.parent_id)
