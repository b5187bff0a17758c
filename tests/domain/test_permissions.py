"""What a role lets one do is one table, and a suspension or an app's token lets one do none of it."""

from dataclasses import replace

import pytest

from core.errors import Forbidden, NotSignedIn, Suspended
from domain.permissions import PERMISSIONS, Permission, may, require
from domain.viewer import Suspension, Viewer
from models.users import Role

ADMIN = Viewer(1, 1, role=Role.ADMIN)


def test_every_role_may_what_those_below_it_may() -> None:
    assert list(PERMISSIONS) == list(Role)
    assert PERMISSIONS[Role.USER] < PERMISSIONS[Role.MODERATOR] < PERMISSIONS[Role.ADMIN] == frozenset(Permission)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says(role: Role, permission: Permission) -> None:
    viewer = Viewer(1, 1, role=role)
    if permission in PERMISSIONS[role]:
        assert require(viewer, permission) == 1
    else:
        assert not may(viewer, permission)
        with pytest.raises(Forbidden, match=permission):
            require(viewer, permission)


@pytest.mark.parametrize("permission", Permission)
def test_apps_nobody_and_the_suspended_may_nothing(permission: Permission) -> None:
    with pytest.raises(Forbidden):
        require(replace(ADMIN, scopes=frozenset({"posts:write"})), permission)
    with pytest.raises(Suspended):
        require(replace(ADMIN, suspension=Suspension("Spam.")), permission)
    with pytest.raises(NotSignedIn):
        require(Viewer(role=Role.ADMIN), permission)
