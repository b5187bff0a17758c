"""The schema: what can be asked, changed and followed live."""

from collections.abc import AsyncGenerator

import strawberry
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from domain.scopes import Scope
from execution.fields import AFTER, FIRST, Cursor, argument, paged, resolved, subscribed
from execution.scopes import RequiresScope
from loaders.feeds import Latest
from resolvers import limits, lists, live, nodes, users
from schema import enums as enums
from schema.access import AccessMutations
from schema.accounts import AccountMutations
from schema.apps import AppMutations
from schema.captcha import CaptchaMutations
from schema.comments import CommentMutations
from schema.factors import FactorMutations
from schema.follows import FollowMutations
from schema.interfaces import SCALARS, Node
from schema.likes import LikeMutations
from schema.limits import RateLimit
from schema.live import FeedUpdate, PostUpdate
from schema.moderation import ModerationMutations, ModerationQueries
from schema.passkeys import PasskeyMutations
from schema.posts import PostConnection, PostMutations
from schema.search import SearchConnection, SearchKind
from schema.sessions import SessionMutations
from schema.users import User, UserConnection, UserMutations


@strawberry.type(description="What can be asked.")
class Query(ModerationQueries):
    """What can be asked."""

    node: Node | None = resolved(
        nodes.node,
        "Anything by its id; null where there is none that the viewer may see.",
        public=True,
        id=argument(strawberry.ID, "A node's id, e.g. `post_7301204912345678`."),
    )
    nodes: list[Node | None] = resolved(
        nodes.nodes,
        "Several things by their ids, in the same order; null where there is none that the viewer may see.",
        public=True,
        ids=argument(list[strawberry.ID], "At most 100 ids."),
    )
    viewer: User | None = resolved(users.viewer, "Who is signed in; null when nobody is.", scope=Scope.PROFILE_READ)
    user: User | None = resolved(
        users.user_by_handle,
        "Somebody by handle; null where there is nobody whom the viewer may see.",
        public=True,
        scope=Scope.PROFILE_READ,
        handle=argument(str, "In any case, e.g. `ada`."),
    )
    feed: PostConnection = resolved(
        lists.feed,
        "Posts by the viewer and those whom the viewer follows, newest first. Signed out: an error with "
        "`extensions.code` NOT_SIGNED_IN.",
        scope=Scope.FEED_READ,
        first=FIRST,
        after=AFTER,
    )
    latest: PostConnection = paged(
        Latest, "Public posts by everyone, newest first.", public=True, scope=Scope.POSTS_READ
    )
    search: SearchConnection = resolved(
        lists.search,
        "What a text finds, the best first.",
        public=True,
        scope=Scope.POSTS_READ,
        text=argument(str, "1–200 characters, e.g. `analytical engine`."),
        kind=argument(SearchKind, "What to look for.", SearchKind.POSTS),
        first=FIRST,
        after=AFTER,
    )
    follow_requests: UserConnection = resolved(
        lists.follow_requests,
        "Who has asked to follow the viewer, the latest first; see `acceptFollow`. Signed out: an error with "
        "`extensions.code` NOT_SIGNED_IN.",
        scope=Scope.FOLLOWS_READ,
        first=FIRST,
        after=AFTER,
    )
    rate_limit: RateLimit = resolved(limits.rate_limit, "What this operation costs, and what is left.", cost=0)


@strawberry.type(
    description="What can be changed: each is one transaction, and answers with success or a refusal. For those that "
    "name no scope, tokens with scopes need `account`, which none has.",
    directives=[RequiresScope(scope=Scope.ACCOUNT)],
)
class Mutation(
    FactorMutations,
    PasskeyMutations,
    SessionMutations,
    AccountMutations,
    AccessMutations,
    UserMutations,
    PostMutations,
    CommentMutations,
    LikeMutations,
    FollowMutations,
    ModerationMutations,
    CaptchaMutations,
    AppMutations,
):
    """What can be changed."""


RESUME = argument(
    Cursor | None,
    "Go on after this cursor: a connection's `liveCursor`, or the last event's `cursor`. What was missed comes first, "
    "in order.",
    strawberry.UNSET,
)


@strawberry.type(description="What can be followed live: by graphql-transport-ws or Server-Sent Events, same URL.")
class Subscription:
    """What can be followed live."""

    feed_updates: AsyncGenerator[FeedUpdate, None] = subscribed(
        live.feed_updates, "What happens to the viewer's feed.", scope=Scope.FEED_READ, after=RESUME
    )
    post_updates: AsyncGenerator[PostUpdate, None] = subscribed(
        live.post_updates,
        "What happens to one post and its comments.",
        scope=Scope.POSTS_READ,
        post_id=argument(strawberry.ID, "The post."),
        after=RESUME,
    )


schema = strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS))


def sdl() -> str:
    """The schema as `schema.graphql` holds it."""
    return print_schema(schema) + "\n"
