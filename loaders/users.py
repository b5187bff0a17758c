"""People: by id, by handle, their counts."""

from typing import Any

from sqlalchemy import Text, any_, bindparam, case, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from domain.visibility import VIEWER, follows, visible_user
from loaders.base import ANY_KEY, BatchLoader, RowLoader
from loaders.counts import hidden, totals
from models.follows import Follow
from models.users import User, UserCounter


class UserById(RowLoader[User]):
    """Users by id; None where the viewer may not see one."""

    statement = select(User).where(User.id == ANY_KEY, visible_user(VIEWER, User.id))


class UserByHandle(BatchLoader[str, User | None]):
    """Users by handle in lower case; None where the viewer may not see one."""

    statement = select(User).where(
        User.handle == any_(bindparam("handles", type_=ARRAY(Text))), visible_user(VIEWER, User.id)
    )

    async def batch_load_fn(self, keys: list[str]) -> list[User | None]:
        """Read all users at once, in the order of their handles."""
        rows = {row.handle: row for row in await self.read(self.statement, handles=keys)}
        return [rows.get(key) for key in keys]


_totals = totals(UserCounter, User.id, "public_posts", "follower_posts", "followers", "following")
_may_see_all_posts = or_(User.id == VIEWER, follows(VIEWER, User.id))
_may_see_no_posts = ~visible_user(VIEWER, User.id)


class UserCounts(RowLoader[Any]):
    """`posts`, `followers` and `following` of users, as far as the viewer may see what is counted."""

    statement = (
        select(
            User.id,
            case(
                (_may_see_no_posts, 0),
                (_may_see_all_posts, _totals.c.public_posts + _totals.c.follower_posts),
                (User.is_private, 0),
                else_=_totals.c.public_posts,
            ).label("posts"),
            (_totals.c.followers - hidden(Follow.follower_id, Follow.followee_id == User.id)).label("followers"),
            (_totals.c.following - hidden(Follow.followee_id, Follow.follower_id == User.id)).label("following"),
        )
        .join(_totals, true())
        .where(User.id == ANY_KEY)
    )
