"""Who is looking: every rule and every loader asks this."""

from dataclasses import dataclass

from core.errors import NotSignedIn
from models.users import Role

NOBODY = 0
"""Stands for the signed-out viewer in statements: no row has this id."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person on whose behalf an operation runs, by the session that says so; both None when signed out."""

    user_id: int | None = None
    session_id: int | None = None
    scopes: frozenset[str] | None = None
    """What the session may be used for; None: for everything."""
    app_id: int | None = None
    """The app that asks for the person, or for itself where there is no person."""
    role: Role = Role.USER

    @property
    def key(self) -> int:
        """The id to compare rows with; `NOBODY` when signed out."""
        return self.user_id or NOBODY

    def require_user(self) -> int:
        """The viewer's id. Raises NotSignedIn."""
        if self.user_id is None:
            raise NotSignedIn
        return self.user_id
