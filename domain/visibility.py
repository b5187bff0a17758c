"""Who may see what: the one policy, once as SQL for statements and once as a predicate for what is in memory.

- A block hides two people, and all they made, from each other.
- A private user's posts, and posts for followers, are seen by the author and by accepted followers.
- A comment is seen by whoever sees both its post and its author.

`tests/domain/test_visibility.py` proves that both forms agree over all combinations.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, exists, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.selectable import Subquery

from models.comments import Comment
from models.follows import Block, Follow
from models.posts import Post, Visibility
from models.users import User

UserIdColumn = ColumnElement[int] | InstrumentedAttribute[int]

VIEWER: ColumnElement[int] = bindparam("viewer", type_=BigInteger)
"""The viewer's id in a loader's statement; `NOBODY` when signed out."""


def visible_user(viewer: UserIdColumn, user_id: UserIdColumn) -> ColumnElement[bool]:
    """SQL: no block stands between the two."""
    return and_(
        ~exists().where(Block.blocker_id == viewer, Block.blocked_id == user_id),
        ~exists().where(Block.blocker_id == user_id, Block.blocked_id == viewer),
    )


def follows(viewer: UserIdColumn, user_id: UserIdColumn) -> ColumnElement[bool]:
    """SQL: the viewer is an accepted follower."""
    follow = select(Follow.id).where(Follow.follower_id == viewer, Follow.followee_id == user_id)
    return exists(follow.offset(0))  # OFFSET keeps the planner from hashing all whom the viewer follows


def visible_post(viewer: UserIdColumn, post: type[Post] = Post) -> ColumnElement[bool]:
    """SQL: the viewer may see this post."""
    author = aliased(User)
    return and_(
        visible_user(viewer, post.author_id),
        or_(
            and_(
                post.visibility == Visibility.PUBLIC,
                ~exists().where(author.id == post.author_id, author.is_private),
            ),
            post.author_id == viewer,
            follows(viewer, post.author_id),
        ),
    )


def visible_comment(viewer: UserIdColumn, comment: type[Comment] = Comment) -> ColumnElement[bool]:
    """SQL: the viewer may see this comment."""
    post = aliased(Post)
    return and_(
        visible_user(viewer, comment.author_id),
        exists(select(post.id).where(post.id == comment.post_id, visible_post(viewer, post))),
    )


def hidden_users(viewer: UserIdColumn) -> Subquery:
    """SQL: `user_id` of everybody whom a block hides from the viewer, to take them off counts."""
    return union(
        select(Block.blocked_id.label("user_id")).where(Block.blocker_id == viewer).correlate_except(Block),
        select(Block.blocker_id).where(Block.blocked_id == viewer).correlate_except(Block),
    ).subquery("hidden")


@dataclass(frozen=True, slots=True)
class Standing:
    """How the viewer stands to another person."""

    is_self: bool = False
    follows: bool = False
    blocked: bool = False
    """In either direction."""


def may_see_user(standing: Standing) -> bool:
    """Predicate of `visible_user`."""
    return not standing.blocked


def may_see_post(author: Standing, *, visibility: str, author_is_private: bool) -> bool:
    """Predicate of `visible_post`."""
    if author.blocked:
        return False
    if author.is_self or author.follows:
        return True
    return visibility == Visibility.PUBLIC and not author_is_private


def may_see_comment(author: Standing, *, post_is_visible: bool) -> bool:
    """Predicate of `visible_comment`."""
    return post_is_visible and may_see_user(author)
