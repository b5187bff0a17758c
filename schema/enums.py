"""Enumerations, each value with its documentation."""

from enum import StrEnum
from typing import TypeVar

import strawberry

from auth.captcha import CaptchaProvider
from core.errors import ErrorCode
from domain.audit import SecurityEventKind
from live.updates import RemovalReason
from loaders.comments import CommentOrder
from loaders.follows import FollowState
from models.posts import Visibility
from models.sessions import SessionKind
from models.users import Role

E = TypeVar("E", bound=type[StrEnum])


def documented(enum: E, description: str, **values: str) -> E:
    """Declare the enumeration to Strawberry; every value needs a description."""
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[value.name]
    return enum


def words(enum: type[StrEnum]) -> dict[str, str]:
    """Each value's documentation, by the value's name."""
    return {value.name: value.description for value in enum.__strawberry_definition__.values}  # type: ignore[attr-defined]


documented(
    ErrorCode,
    "What kind of refusal it is; stable, to branch on.",
    NOT_SIGNED_IN="Nobody is signed in, or the tokens are no longer good: sign in, or use `refreshSession`.",
    FORBIDDEN="You see it, but may not do this to it.",
    NOT_FOUND="There is no such thing, or you may not see it.",
    INVALID_INPUT="Arguments that can't be used; `fields` says which and why.",
    CONFLICT="It clashes with what is there already.",
    RATE_LIMITED="Too much at once; `retryAfter` says when to go on.",
    CAPTCHA_REQUIRED="Show first that you are no machine: send a solution of `createCaptchaChallenge`'s along.",
    SUSPENDED="The account is suspended; `reason` and `until` say why and for how long.",
    SECOND_FACTOR_REQUIRED="The password is right, and a code is to be shown, too: see `completeSignIn`.",
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
    SecurityEventKind,
    "What may happen to an account.",
    SIGNED_UP="The account was made.",
    SIGNED_IN="Somebody signed in.",
    SIGN_IN_FAILED="Somebody tried to sign in with a wrong password.",
    SIGNED_OUT="Somebody signed out.",
    SESSION_ENDED="A session was ended from another one.",
    TOKEN_REPLAYED="A refresh token was used again: maybe it was stolen, so its session was ended.",  # noqa: S106
    EMAIL_VERIFIED="The e-mail address was shown to be the person's.",
    EMAIL_CHANGE_ASKED="Somebody asked for another e-mail address.",
    EMAIL_CHANGED="There is another e-mail address.",
    PASSWORD_CHANGED="There is another password.",  # noqa: S106
    PASSWORD_RESET_ASKED="Somebody asked to reset the password.",  # noqa: S106
    TOTP_ADDED="Signing in needs a code from an app from now on.",
    TOTP_REMOVED="Signing in needs no code from an app any more.",
    RECOVERY_CODES_MADE="There are new recovery codes.",
    RECOVERY_CODE_USED="Somebody signed in with a recovery code.",
    PASSKEY_ADDED="There is another passkey.",
    PASSKEY_REMOVED="A passkey is no longer good.",
    IDENTITY_LINKED="Another provider lets the person in.",
    IDENTITY_UNLINKED="Another provider doesn't let the person in any more.",
    APP_AUTHORIZED="The person lent rights to an app.",
    APP_DEAUTHORIZED="The person took rights back from an app.",
    APP_CREATED="The person made an app.",
    APP_CHANGED="The person changed an app.",
    APP_SECRET_ROTATED="An app of the person's has a new secret.",  # noqa: S106
    APP_DELETED="The person deleted an app.",
    PERSONAL_TOKEN_MADE="There is another personal access token.",  # noqa: S106
    PERSONAL_TOKEN_REVOKED="A personal access token is no longer good.",  # noqa: S106
    ROLE_CHANGED="The person has another role.",
    SUSPENDED="The account was suspended.",
    REINSTATED="The suspension was ended.",
    CONTENT_REMOVED="A moderator deleted something that the person wrote.",
    MODERATED="The person did something by their role.",
)
documented(
    CaptchaProvider,
    "Whose CAPTCHAs they are.",
    NONE="Nobody's: none is ever asked for.",
    ALTCHA="Starling's own: a proof of work, https://altcha.org.",
    HCAPTCHA="hCaptcha's.",
    TURNSTILE="Cloudflare Turnstile's.",
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
    SessionKind,
    "How a session shows who it is.",
    API="By access and refresh tokens, of `signIn`.",
    BROWSER="By a cookie.",
    APP="By tokens of an app to which the person lent rights.",
    PERSONAL="By a token that the person made.",
)
documented(
    RemovalReason,
    "Why something left the viewer's sight.",
    DELETED="It was deleted.",
    HIDDEN="It may no longer be seen: its author became private, for instance.",
    UNFOLLOWED="The viewer no longer follows its author.",
    BLOCKED="A block stands between the viewer and its author.",
)
