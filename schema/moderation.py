"""Moderation: suspensions and roles."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.scopes import Scope
from execution.fields import AFTER, FIRST, resolved
from models.users import Role
from resolvers import moderation
from schema.errors import Forbidden, InvalidInput, NotFound, NotSignedIn, RateLimited, mutation
from schema.users import User, UserConnection


@strawberry.input(description="Somebody to suspend, or another reason or end for a suspension.")
class SuspendUserInput:
    """Somebody to suspend."""

    user_id: strawberry.ID = strawberry.field(description="Somebody with less of a role than the viewer's.")
    reason: str = strawberry.field(description="1–500 characters, which the person is told.")
    until: datetime | None = strawberry.field(default=None, description="When it ends; left out: with `reinstateUser`.")


@strawberry.input(description="Somebody whose suspension shall end.")
class ReinstateUserInput:
    """Somebody whose suspension shall end."""

    user_id: strawberry.ID = strawberry.field(description="Somebody with less of a role than the viewer's.")


@strawberry.input(description="A role for somebody.")
class SetRoleInput:
    """A role for somebody."""

    user_id: strawberry.ID = strawberry.field(description="Somebody else.")
    role: Role = strawberry.field(description="The role from now on.")


@strawberry.type(description="The user is suspended.")
class SuspendUserSuccess:
    """The user is suspended."""

    user: User = strawberry.field(description="The user, with `suspension`.")


@strawberry.type(description="The user isn't suspended any more.")
class ReinstateUserSuccess:
    """The user isn't suspended any more."""

    user: User = strawberry.field(description="The user, without a `suspension`.")


@strawberry.type(description="The user has the role.")
class SetRoleSuccess:
    """The user has the role."""

    user: User = strawberry.field(description="The user, with the new `role`.")


SuspendUserResult = Annotated[
    SuspendUserSuccess | NotSignedIn | Forbidden | NotFound | InvalidInput | RateLimited,
    strawberry.union("SuspendUserResult", description="The suspended user, or why nothing was done."),
]
ReinstateUserResult = Annotated[
    ReinstateUserSuccess | NotSignedIn | Forbidden | NotFound | InvalidInput | RateLimited,
    strawberry.union("ReinstateUserResult", description="The reinstated user, or why nothing was done."),
]
SetRoleResult = Annotated[
    SetRoleSuccess | NotSignedIn | Forbidden | NotFound | InvalidInput | RateLimited,
    strawberry.union("SetRoleResult", description="The user with the role, or why it is as it was."),
]


@strawberry.type
class ModerationQueries:
    """What moderators see."""

    suspended_users: UserConnection | None = resolved(
        moderation.suspended_users,
        "Who is suspended, for moderators; null for everybody else.",
        scope=Scope.ACCOUNT,
        first=FIRST,
        after=AFTER,
    )


@strawberry.type
class ModerationMutations:
    """What moderators and admins do to people."""

    suspend_user: SuspendUserResult = mutation(
        SuspendUserResult,
        moderation.suspend_user,
        "Keep somebody from reading and doing anything, sockets included, within a second. What they wrote stays. For "
        "moderators and admins.",
        takes=SuspendUserInput,
    )
    reinstate_user: ReinstateUserResult = mutation(
        ReinstateUserResult,
        moderation.reinstate_user,
        "End a suspension. For moderators and admins.",
        takes=ReinstateUserInput,
    )
    set_role: SetRoleResult = mutation(
        SetRoleResult,
        moderation.set_role,
        "Make somebody a moderator, an admin, or neither. For admins.",
        takes=SetRoleInput,
    )
