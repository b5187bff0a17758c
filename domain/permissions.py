"""What a role lets somebody do to others: the one table."""

from enum import StrEnum

from core.errors import Forbidden
from domain.viewer import Viewer
from models.users import Role


class Permission(StrEnum):
    """Something that not everybody may do."""

    DELETE_ANYTHING = "delete what somebody else wrote"
    SUSPEND = "suspend somebody"
    SEE_STANDING = "see others' roles and suspensions"
    CHANGE_ROLES = "change somebody's role"


_OF_MODERATORS = frozenset({Permission.DELETE_ANYTHING, Permission.SUSPEND, Permission.SEE_STANDING})
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.USER: frozenset(),
    Role.MODERATOR: _OF_MODERATORS,
    Role.ADMIN: _OF_MODERATORS | {Permission.CHANGE_ROLES},
}
RANKS = list(PERMISSIONS)
"""The roles, those who may more after those who may less."""


def may(viewer: Viewer, permission: Permission) -> bool:
    """Whether the viewer may do it; an app never may, whoever lent it what."""
    return viewer.user_id is not None and viewer.scopes is None and permission in PERMISSIONS[viewer.role]


def require(viewer: Viewer, permission: Permission) -> int:
    """The viewer's id. Raises NotSignedIn, Suspended, Forbidden."""
    user_id = viewer.require_user()
    if not may(viewer, permission):
        raise Forbidden(f"Your role doesn't let you {permission}.")
    return user_id
