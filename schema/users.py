"""People."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.scopes import Scope
from execution.fields import column, loaded, paged
from loaders.access import PersonalTokensOfUser, SessionsOfUser
from loaders.accounts import AccountOfViewer
from loaders.apps import AppsOfDeveloper, AppsOfUser
from loaders.audit import EventsOfUser
from loaders.follows import (
    BlockedByViewer,
    FollowersOfUser,
    FollowingOfUser,
    FollowOfViewer,
    FollowState,
    FollowsViewer,
)
from loaders.moderation import StandingOfUser
from loaders.posts import PostsOfAuthor
from loaders.users import UserCounts
from models import users as models
from models.users import Role
from resolvers import users
from schema.access import ActiveSessionConnection, PersonalTokenConnection
from schema.accounts import Account
from schema.apps import AuthorizedAppConnection, DeveloperAppConnection
from schema.audit import SecurityEventConnection
from schema.errors import InvalidInput, NotSignedIn, RateLimited, mutation
from schema.interfaces import URL, Node, row_type
from schema.pages import Connection
from schema.suspensions import Suspension

if TYPE_CHECKING:
    from schema.posts import PostConnection


@row_type(
    models.User,
    description="A person. Hidden, as if absent, from people whom a block stands between.",
    scope=Scope.PROFILE_READ,
)
class User(Node):
    """A person."""

    handle: str = column("Unique without regard to case: 2–30 of a–z, 0–9 and _, e.g. `ada`.")
    name: str = column("As the person writes it, 1–100 characters.")
    bio: str | None = column("About the person, at most 500 characters.")
    avatar_url: URL | None = column("A picture, somewhere on the web.")
    is_private: bool = column("Followers must be accepted, and posts are for followers only.")
    created_at: datetime = column("When the person signed up.")
    post_count: int = loaded(
        UserCounts,
        "How many of the user's posts the viewer may see.",
        by="id",
        take="posts",
        public=True,
        scope=Scope.POSTS_READ,
    )
    follower_count: int = loaded(
        UserCounts, "How many follow the user.", by="id", take="followers", public=True, scope=Scope.FOLLOWS_READ
    )
    following_count: int = loaded(
        UserCounts, "How many the user follows.", by="id", take="following", public=True, scope=Scope.FOLLOWS_READ
    )
    posts: Annotated["PostConnection", strawberry.lazy("schema.posts")] = paged(
        PostsOfAuthor,
        "What the user published and the viewer may see, newest first.",
        by="id",
        public=True,
        scope=Scope.POSTS_READ,
    )
    followers: "UserConnection" = paged(
        FollowersOfUser, "Who follows the user, the latest first.", by="id", public=True, scope=Scope.FOLLOWS_READ
    )
    following: "UserConnection" = paged(
        FollowingOfUser, "Whom the user follows, the latest first.", by="id", public=True, scope=Scope.FOLLOWS_READ
    )
    viewer_follow: FollowState = loaded(
        FollowOfViewer, "Whether the viewer follows the user.", by="id", scope=Scope.FOLLOWS_READ
    )
    follows_viewer: bool = loaded(
        FollowsViewer, "Whether the user follows the viewer.", by="id", scope=Scope.FOLLOWS_READ
    )
    role: Role | None = loaded(
        StandingOfUser,
        "What the user may do to others; null unless it is the viewer, or the viewer a moderator.",
        by="id",
        take="role",
        scope=Scope.ACCOUNT,
    )
    suspension: Suspension | None = loaded(
        StandingOfUser,
        "Why the user is suspended; null as well where `role` is.",
        by="id",
        take="suspension",
        scope=Scope.ACCOUNT,
    )
    security_events: SecurityEventConnection = paged(
        EventsOfUser,
        "What happened to the viewer's account, the latest first: sign-ins, failures, changes. Empty of others.",
        by="id",
        scope=Scope.ACCOUNT,
    )
    sessions: ActiveSessionConnection = paged(
        SessionsOfUser,
        "Where the viewer is signed in, the latest sign-in first. Empty of others.",
        by="id",
        scope=Scope.ACCOUNT,
    )
    personal_tokens: PersonalTokenConnection = paged(
        PersonalTokensOfUser,
        "The viewer's tokens for programs, the newest first. Empty of others.",
        by="id",
        scope=Scope.ACCOUNT,
    )
    account: Account | None = loaded(
        AccountOfViewer,
        "What only the viewer sees of the own account; null for anybody else.",
        by="id",
        scope=Scope.ACCOUNT,
    )
    authorized_apps: AuthorizedAppConnection = paged(
        AppsOfUser, "The apps that the viewer let in, the latest first. Empty of others.", by="id", scope=Scope.ACCOUNT
    )
    developer_apps: DeveloperAppConnection = paged(
        AppsOfDeveloper,
        "The apps that the viewer writes, the latest first. Empty of others.",
        by="id",
        scope=Scope.ACCOUNT,
    )
    viewer_has_blocked: bool = loaded(
        BlockedByViewer,
        "Whether the viewer has blocked the user. True only in the answer of `blockUser`: afterwards both are hidden "
        "from each other.",
        by="id",
        scope=Scope.FOLLOWS_READ,
    )


@strawberry.type(description="One page of a list of users.")
class UserConnection(Connection[User]):
    """One page of users."""


@strawberry.input(description="What to change of the viewer's profile. Left out: unchanged. Null: cleared.")
class UpdateProfileInput:
    """What to change of the viewer's profile."""

    name: strawberry.Maybe[str | None] = strawberry.field(description="1–100 characters; can't be cleared.")
    bio: strawberry.Maybe[str | None] = strawberry.field(description="At most 500 characters.")
    avatar_url: strawberry.Maybe[URL | None] = strawberry.field(description="An https URL of a picture.")
    is_private: strawberry.Maybe[bool | None] = strawberry.field(
        description="True: from now on followers must be accepted. False: everybody who asked is accepted."
    )


@strawberry.type(description="The profile is changed.")
class UpdateProfileSuccess:
    """The profile is changed."""

    user: User = strawberry.field(description="The viewer, as others see them now.")


UpdateProfileResult = Annotated[
    UpdateProfileSuccess | InvalidInput | NotSignedIn | RateLimited,
    strawberry.union("UpdateProfileResult", description="The changed profile, or why it wasn't changed."),
]


@strawberry.type
class UserMutations:
    """What people do to themselves."""

    update_profile: UpdateProfileResult = mutation(
        UpdateProfileResult,
        users.update_profile,
        "Change the viewer's own profile.",
        takes=UpdateProfileInput,
        scope=Scope.PROFILE_WRITE,
    )
