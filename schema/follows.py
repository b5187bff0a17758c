"""What happens between two people: follows, requests, blocks."""

from typing import Annotated

import strawberry

from domain.scopes import Scope
from resolvers import follows
from schema.errors import InvalidInput, NotFound, NotSignedIn, RateLimited, mutation
from schema.users import User


@strawberry.input(description="A user to follow.")
class FollowUserInput:
    """A user to follow."""

    user_id: strawberry.ID = strawberry.field(description="Anybody whom the viewer may see, but not oneself.")


@strawberry.input(description="A user to follow no longer.")
class UnfollowUserInput:
    """A user to follow no longer."""

    user_id: strawberry.ID = strawberry.field(description="Whom the viewer follows or has asked.")


@strawberry.input(description="A request to accept.")
class AcceptFollowInput:
    """A request to accept."""

    user_id: strawberry.ID = strawberry.field(description="Who has asked to follow the viewer.")


@strawberry.input(description="A request to decline.")
class DeclineFollowInput:
    """A request to decline."""

    user_id: strawberry.ID = strawberry.field(description="Who has asked to follow the viewer.")


@strawberry.input(description="A user to block.")
class BlockUserInput:
    """A user to block."""

    user_id: strawberry.ID = strawberry.field(description="Anybody whom the viewer may see, but not oneself.")


@strawberry.input(description="A user to block no longer.")
class UnblockUserInput:
    """A user to block no longer."""

    user_id: strawberry.ID = strawberry.field(description="Whom the viewer has blocked.")


@strawberry.type(description="The viewer follows the user, or has asked to.")
class FollowUserSuccess:
    """The viewer follows the user, or has asked to."""

    user: User = strawberry.field(
        description="The user, with `viewerFollow` FOLLOWING, or REQUESTED for a private one."
    )


@strawberry.type(description="The viewer doesn't follow the user any more.")
class UnfollowUserSuccess:
    """The viewer doesn't follow the user any more."""

    user: User = strawberry.field(description="The user.")


@strawberry.type(description="The user follows the viewer.")
class AcceptFollowSuccess:
    """The user follows the viewer."""

    user: User = strawberry.field(description="The new follower.")


@strawberry.type(description="The request is gone.")
class DeclineFollowSuccess:
    """The request is gone."""

    user: User = strawberry.field(description="The user who had asked.")


@strawberry.type(description="The viewer and the user are hidden from each other.")
class BlockUserSuccess:
    """The viewer and the user are hidden from each other."""

    user: User = strawberry.field(description="The user, seen for the last time.")


@strawberry.type(description="The viewer's block is gone.")
class UnblockUserSuccess:
    """The viewer's block is gone."""

    user: User = strawberry.field(description="The user.")


FollowUserResult = Annotated[
    FollowUserSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("FollowUserResult", description="The user, or why nothing changed."),
]
UnfollowUserResult = Annotated[
    UnfollowUserSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("UnfollowUserResult", description="The user, or why nothing changed."),
]
AcceptFollowResult = Annotated[
    AcceptFollowSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("AcceptFollowResult", description="The user, or why nothing changed."),
]
DeclineFollowResult = Annotated[
    DeclineFollowSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("DeclineFollowResult", description="The user, or why nothing changed."),
]
BlockUserResult = Annotated[
    BlockUserSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("BlockUserResult", description="The user, or why nothing changed."),
]
UnblockUserResult = Annotated[
    UnblockUserSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("UnblockUserResult", description="The user, or why nothing changed."),
]


@strawberry.type
class FollowMutations:
    """What happens between two people."""

    follow_user: FollowUserResult = mutation(
        FollowUserResult,
        follows.follow_user,
        "Follow a user; a private one is asked.",
        takes=FollowUserInput,
        scope=Scope.FOLLOWS_WRITE,
    )
    unfollow_user: UnfollowUserResult = mutation(
        UnfollowUserResult,
        follows.unfollow_user,
        "Follow a user no longer, or take the request back.",
        takes=UnfollowUserInput,
        scope=Scope.FOLLOWS_WRITE,
    )
    accept_follow: AcceptFollowResult = mutation(
        AcceptFollowResult,
        follows.accept_follow,
        "Let a user who asked follow the viewer.",
        takes=AcceptFollowInput,
        scope=Scope.FOLLOWS_WRITE,
    )
    decline_follow: DeclineFollowResult = mutation(
        DeclineFollowResult,
        follows.decline_follow,
        "Turn a request to follow the viewer down; nobody is told.",
        takes=DeclineFollowInput,
        scope=Scope.FOLLOWS_WRITE,
    )
    block_user: BlockUserResult = mutation(
        BlockUserResult,
        follows.block_user,
        "End follows both ways, and hide both from each other.",
        takes=BlockUserInput,
        scope=Scope.FOLLOWS_WRITE,
    )
    unblock_user: UnblockUserResult = mutation(
        UnblockUserResult,
        follows.unblock_user,
        "Take the viewer's block back; follows don't come back with it.",
        takes=UnblockUserInput,
        scope=Scope.FOLLOWS_WRITE,
    )
