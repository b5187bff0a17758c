"""How people stand with Starling: their role, and why they are suspended. Theirs to know, and moderators'."""

from typing import NamedTuple

from sqlalchemy import func, or_, select

from domain.permissions import Permission, may
from domain.viewer import Suspension
from loaders.base import ANY_KEY, BatchLoader
from loaders.pages import AFTER, LIMIT, Listing, Lists
from models.users import Account, Role, User


class Standing(NamedTuple):
    """What somebody may do, or why nothing."""

    role: Role
    suspension: Suspension | None


class StandingOfUser(BatchLoader[int, Standing | None]):
    """Users' standing; None for those of whom the viewer may not know it."""

    statement = select(
        Account.user_id, Account.role, Account.suspended_at, Account.suspended_until, Account.suspension_reason
    ).where(Account.user_id == ANY_KEY)

    async def batch_load_fn(self, keys: list[int]) -> list[Standing | None]:
        """Read all that the viewer may know at once, in the order of the users."""
        sees_all = may(self.viewer, Permission.SEE_STANDING)
        known = [key for key in keys if sees_all or key == self.viewer.key]
        rows = await self.read(self.statement, keys=known) if known else []
        found = {row.user_id: Standing(Role(row.role), Suspension.of(row)) for row in rows}
        return list(map(found.get, keys))


_is_suspended = Account.suspended_at.is_not(None) & or_(
    Account.suspended_until.is_(None), Account.suspended_until > func.now()
)


class SuspendedUsers(Lists):
    """Pages of those who are suspended, who joined last first. Nothing is hidden from a moderator."""

    listings = {
        "": Listing(
            "suspendedUsers",
            select(User)
            .join(Account, Account.user_id == User.id)
            .where(_is_suspended, User.id < AFTER)
            .order_by(User.id.desc())
            .limit(LIMIT),
        )
    }
