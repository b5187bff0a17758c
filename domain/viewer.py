"""Who is looking: every rule and every loader asks this."""

from dataclasses import dataclass

from core.errors import NotSignedIn

NOBODY = 0
"""Stands for the signed-out viewer in statements: no row has this id."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person on whose behalf an operation runs, by the session that says so; both None when signed out."""

    user_id: int | None = None
    session_id: int | None = None

    @property
    def key(self) -> int:
        """The id to compare rows with; `NOBODY` when signed out."""
        return self.user_id or NOBODY

    def require_user(self) -> int:
        """The viewer's id. Raises NotSignedIn."""
        if self.user_id is None:
            raise NotSignedIn
        return self.user_id
