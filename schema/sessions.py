"""Signing up, in and out."""

from typing import Annotated

import strawberry

from auth import sessions
from execution.fields import column, loaded
from loaders.users import UserById
from schema.captcha import SOLUTION
from schema.errors import (
    CaptchaRequired,
    InvalidInput,
    NotSignedIn,
    RateLimited,
    SecondFactorRequired,
    Suspended,
    mutation,
)
from schema.users import User


@strawberry.type(description="What a client needs to go on as somebody.")
class Session:
    """What a client needs to go on as somebody."""

    access_token: str = column("Send it as `Authorization: Bearer …`, and as `authorization` when a socket opens.")
    refresh_token: str = column("Good once, for `refreshSession`. Keep it secret.")
    expires_in: int = column("Seconds that the access token is good for.")
    viewer: User = loaded(UserById, "Who is signed in.", by="viewer_id")


@strawberry.input(description="A new person.")
class SignUpInput:
    """A new person."""

    handle: str = strawberry.field(description="2–30 of a–z, 0–9 and _; unique without regard to case.")
    name: str = strawberry.field(description="1–100 characters, as others shall see it.")
    email: str = strawberry.field(description="Unique without regard to case; nobody else sees it.")
    password: str = strawberry.field(description="8–256 characters.")
    captcha: str | None = SOLUTION


@strawberry.input(description="Who comes back.")
class SignInInput:
    """Who comes back."""

    login: str = strawberry.field(description="Handle or e-mail address.")
    password: str = strawberry.field(description="The password.")
    captcha: str | None = SOLUTION


@strawberry.input(description="A second factor of somebody whose password was right.")
class CompleteSignInInput:
    """A second factor."""

    challenge: str = strawberry.field(description="What `SecondFactorRequired` gave.")
    code: str = strawberry.field(description="What the authenticator app shows, or a recovery code.")


@strawberry.input(description="A session to carry on.")
class RefreshSessionInput:
    """A session to carry on."""

    refresh_token: str = strawberry.field(
        description="The last one. Used again later than ten seconds after its first use, it ends the session."
    )


@strawberry.type(description="The person is there, and signed in.")
class SignUpSuccess:
    """The person is there."""

    session: Session = strawberry.field(description="The new session.")


@strawberry.type(description="The person is signed in.")
class SignInSuccess:
    """The person is signed in."""

    session: Session = strawberry.field(description="The new session.")


@strawberry.type(description="The person is signed in.")
class CompleteSignInSuccess:
    """The person is signed in."""

    session: Session = strawberry.field(description="The new session.")


@strawberry.type(description="The session goes on with new tokens.")
class RefreshSessionSuccess:
    """The session goes on."""

    session: Session = strawberry.field(description="The session with its new tokens.")


@strawberry.type(description="The session is over.")
class SignOutSuccess:
    """The session is over."""

    signed_out: bool = strawberry.field(description="Always true.")


SignUpResult = Annotated[
    SignUpSuccess | InvalidInput | RateLimited | CaptchaRequired,
    strawberry.union("SignUpResult", description="The new session, or why there is none."),
]
SignInResult = Annotated[
    SignInSuccess | NotSignedIn | SecondFactorRequired | RateLimited | Suspended | CaptchaRequired,
    strawberry.union("SignInResult", description="The new session, or why there is none."),
]
CompleteSignInResult = Annotated[
    CompleteSignInSuccess | NotSignedIn | RateLimited | Suspended,
    strawberry.union("CompleteSignInResult", description="The new session, or why there is none."),
]
RefreshSessionResult = Annotated[
    RefreshSessionSuccess | NotSignedIn | RateLimited | Suspended,
    strawberry.union("RefreshSessionResult", description="The session with new tokens, or why it is over."),
]
SignOutResult = Annotated[
    SignOutSuccess | NotSignedIn | RateLimited,
    strawberry.union("SignOutResult", description="That the session is over, or why it isn't."),
]


@strawberry.type
class SessionMutations:
    """Signing up, in and out."""

    sign_up: SignUpResult = mutation(SignUpResult, sessions.sign_up, "Join, and be signed in.", takes=SignUpInput)
    sign_in: SignInResult = mutation(
        SignInResult,
        sessions.sign_in,
        "Sign in; the demo world knows `ada` with password `starling`.",
        takes=SignInInput,
    )
    complete_sign_in: CompleteSignInResult = mutation(
        CompleteSignInResult,
        sessions.complete_sign_in,
        "Sign in by a second factor, where `signIn` asked for one.",
        takes=CompleteSignInInput,
    )
    refresh_session: RefreshSessionResult = mutation(
        RefreshSessionResult,
        sessions.refresh_session,
        "Get new tokens for the last refresh token, which is used up by that.",
        takes=RefreshSessionInput,
    )
    sign_out: SignOutResult = mutation(SignOutResult, sessions.sign_out, "End the session; its tokens are void.")
