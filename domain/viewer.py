"""Who is looking: every rule and every loader asks this."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from core.errors import NotSignedIn, Suspended
from models.users import Role

NOBODY = 0
"""Stands for the signed-out viewer in statements: no row has this id."""


class Suspension(NamedTuple):
    """Why an account can do nothing, and until when; None for good."""

    reason: str
    until: datetime | None = None

    @classmethod
    def of(cls, account: Any) -> "Suspension | None":
        """The suspension that an account's row tells of, unless it is over."""
        if account.suspended_at is None:
            return None
        suspension = cls(account.suspension_reason or "", account.suspended_until)
        return None if suspension.is_over else suspension

    @property
    def is_over(self) -> bool:
        """Whether its end has come."""
        return self.until is not None and self.until <= datetime.now(UTC)

    def refuse(self) -> None:
        """Raises Suspended, unless it is over."""
        if not self.is_over:
            raise Suspended(self.reason, self.until)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person on whose behalf an operation runs, by the session that says so; both None when signed out."""

    user_id: int | None = None
    session_id: int | None = None
    scopes: frozenset[str] | None = None
    """What the session may be used for; None: for everything."""
    role: Role = Role.USER
    suspension: Suspension | None = None

    @property
    def key(self) -> int:
        """The id to compare rows with; `NOBODY` when signed out."""
        return self.user_id or NOBODY

    @property
    def is_suspended(self) -> bool:
        """Whether the person can do nothing at this moment."""
        return self.suspension is not None and not self.suspension.is_over

    def require_user(self) -> int:
        """The viewer's id. Raises NotSignedIn, Suspended."""
        if self.user_id is None:
            raise NotSignedIn
        if self.suspension:
            self.suspension.refuse()
        return self.user_id
