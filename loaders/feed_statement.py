"""The home feed as one statement whose cost hardly depends on how many people the viewer follows.

Two ways to find a page's ids, neither of which is good for everybody:

- *Recent*: walk everyone's posts from the newest down and keep those of followees. Quick where followees wrote a good
  share of what is recent, hopeless where they are quiet. So the walk ends after `WALK` posts, and who follows hardly
  anybody doesn't set out on it.
- *By author*: ask each followee for the newest post; only the authors of the newest of these can be on the page. Their
  newest few say how far back the page can go at most, and so far their posts are read. Costs a probe per followee and
  never more, however quiet they are.

PostgreSQL runs the second only where the first didn't fill the page. The plan doesn't depend on the planner's guess of
how many people somebody follows, so it can be made once and kept. Measured in docs/adr and by benchmarks/feed.py.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    any_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from models.follows import Follow
from models.posts import Post

WALK = 4_000
"""Posts that the walk looks at before it gives up: about 1 ms."""
FEW = 250
"""Up to here, asking each followee costs less than a walk."""
MANY = 1_000
"""From here on, walking is short, and reading all followees would cost more than probing for those that one meets."""

SOME = 3
"""Posts of each author by which the page's end is guessed, so that a page's length isn't read of every one."""

Bound = ColumnElement[int]


def feed_statement(viewer: Bound, after: Bound, limit: Bound, visible: ColumnElement[bool]) -> Select[Any]:
    """The `limit` newest posts with `id < after` by the viewer and those whom the viewer follows, newest first.

    `visible` is a condition on `Post`, for what could still be hidden although it is followed.
    """
    recent = select(_ids(_recent(viewer, after, limit)).label("ids")).cte("recent").prefix_with("materialized")
    found = select(recent.c.ids).scalar_subquery()
    by_author = _ids(_by_author(viewer, after, limit))
    page = case((func.cardinality(found) >= limit, found), else_=by_author)
    return select(Post).where(Post.id == any_(page), visible).order_by(Post.id.desc())


def _recent(viewer: Bound, after: Bound, limit: Bound) -> Select[Any]:
    walked = select(Post.id, Post.author_id).where(Post.id < after).order_by(Post.id.desc()).limit(WALK).subquery()
    followee = select(Follow.followee_id).where(Follow.follower_id == viewer)
    # OFFSET 0 and IN within CASE keep the planner from turning either test into a join over all followees.
    is_met = exists(followee.where(Follow.followee_id == walked.c.author_id).offset(0))
    is_known = walked.c.author_id.in_(followee)
    is_followed = case((_follows_over(viewer, MANY), is_met), else_=is_known)
    return (
        select(walked.c.id)
        .where(_follows_over(viewer, FEW), or_(walked.c.author_id == viewer, is_followed))
        .limit(limit)
    )


def _by_author(viewer: Bound, after: Bound, limit: Bound) -> Select[Any]:
    authors = union_all(
        select(Follow.followee_id.label("id")).where(Follow.follower_id == viewer), select(viewer.label("id"))
    ).subquery("authors")
    newest_post = _newest(authors.c.id, limit=literal(1), before=after)
    newest = (
        select(authors.c.id.label("author_id"), newest_post.c.id)
        .join(newest_post, true())
        .order_by(newest_post.c.id.desc())
        .limit(limit)
        .cte("newest")
        .prefix_with("materialized")
    )
    some = _newest_of(newest, literal(SOME), _floor(newest, limit), limit).cte("some").prefix_with("materialized")
    return _newest_of(newest, limit, _floor(some, limit), limit)


def _newest_of(newest: FromClause, each: Bound, floor: Any, limit: Bound) -> Select[Any]:
    """The newest posts of these authors, at most so many of each and in all."""
    post = _newest(newest.c.author_id, limit=each, before=newest.c.id + 1, floor=floor)
    return select(post.c.id).select_from(newest).join(post, true()).order_by(post.c.id.desc()).limit(limit)


def _floor(found: FromClause, limit: Bound) -> Any:
    """The oldest of a page full of posts: nothing older can be on the page."""
    return select(case((func.count() >= limit, func.min(found.c.id)), else_=0)).scalar_subquery()


def _newest(author: Any, *, limit: Bound, before: Bound, floor: Any = 0) -> FromClause:
    post = aliased(Post)
    return (
        select(post.id)
        .where(post.author_id == author, post.id < before, post.id >= floor)
        .order_by(post.id.desc())
        .limit(limit)
        .lateral()
    )


def _follows_over(viewer: Bound, number: int) -> ColumnElement[bool]:
    return exists(select(Follow.followee_id).where(Follow.follower_id == viewer).offset(number))


def _ids(statement: Select[Any]) -> ColumnElement[Any]:
    return func.array(statement.scalar_subquery(), type_=ARRAY(BigInteger))
