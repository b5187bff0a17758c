"""Why an account is suspended, which is all that it can read."""

from datetime import datetime

import strawberry

from execution.fields import column


@strawberry.type(description="Why an account can read and do nothing.")
class Suspension:
    """Why an account can do nothing."""

    reason: str = column("What a moderator wrote, for the person to read.")
    until: datetime | None = column("When it ends by itself; null if a moderator has to end it.")


WHY = frozenset(
    {
        "Query.viewer",
        "User.id",
        "User.handle",
        "User.suspension",
        "Suspension.reason",
        "Suspension.until",
        "Mutation.signOut",
        "SignOutSuccess.signedOut",
        "Error.code",
        "Error.message",
    }
)
"""The fields that a suspended account may still ask for."""
