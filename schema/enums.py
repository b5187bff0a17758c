"""Enumerations, each value with its documentation."""

from enum import StrEnum
from typing import TypeVar

import strawberry

from core.errors import ErrorCode
from live.updates import RemovalReason
from loaders.comments import CommentOrder
from loaders.follows import FollowState
from models.posts import Visibility
from models.users import Role

E = TypeVar("E", bound=type[StrEnum])


def documented(enum: E, description: str, **values: str) -> E:
    """Declare the enumeration to Strawberry; every value needs a description."""
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[value.name]
    return enum


documented(
    ErrorCode,
    "What kind of refusal it is; stable, to branch on.",
    NOT_SIGNED_IN="Nobody is signed in, or the tokens are no longer good: sign in, or use `refreshSession`.",
    FORBIDDEN="You see it, but may not do this to it.",
    NOT_FOUND="There is no such thing, or you may not see it.",
    INVALID_INPUT="Arguments that can't be used; `fields` says which and why.",
    CONFLICT="It clashes with what is there already.",
    RATE_LIMITED="Too much at once; `retryAfter` says when to go on.",
    CAPTCHA_REQUIRED="Show first that you are no machine: send a solution of `captchaChallenge` along.",
    SUSPENDED="The account is suspended; `reason` and `until` say why and for how long.",
)
documented(
    Visibility,
    "Who may see a post. Blocks and the author's privacy come on top.",
    PUBLIC="Everybody, signed in or not; of a private author, followers.",
    FOLLOWERS="Those who follow the author.",
)
documented(
    Role,
    "What somebody may do to others.",
    USER="What everybody may.",
    MODERATOR="Delete what others wrote, and suspend and reinstate people.",
    ADMIN="What moderators may, and give people their roles.",
)
documented(
    FollowState,
    "How far the viewer has come in following a user.",
    NONE="Not at all.",
    REQUESTED="Asked, and waiting for the private user to accept.",
    FOLLOWING="Following.",
)
documented(
    CommentOrder,
    "Which comments come first.",
    NEWEST="The latest.",
    OLDEST="The earliest: a conversation as it went.",
    TOP="The most liked, among the newest 1,000.",
)
documented(
    RemovalReason,
    "Why something left the viewer's sight.",
    DELETED="It was deleted.",
    HIDDEN="It may no longer be seen: its author became private, for instance.",
    UNFOLLOWED="The viewer no longer follows its author.",
    BLOCKED="A block stands between the viewer and its author.",
)
