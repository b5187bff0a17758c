"""What may call the API as somebody: where they are signed in, and tokens for programs of their own."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from auth import access
from core.ids import encode
from execution.fields import column, loaded
from loaders.access import IsCurrent
from models.sessions import SessionKind
from schema.errors import Conflict, InvalidInput, NotFound, NotSignedIn, RateLimited, mutation
from schema.factors import CODE, PASSWORD
from schema.pages import Connection


def _id(session: Any) -> str:
    return encode("session", session.id)


@strawberry.type(description="A place where somebody is signed in.")
class ActiveSession:
    """A place where somebody is signed in."""

    id: strawberry.ID = column("For `endSession`.", of=_id)
    kind: SessionKind = column("How it shows who it is.", of=lambda session: SessionKind(session.kind))
    address: str | None = column("The IP address that it began at.")
    agent: str | None = column("The browser or program, as it called itself.")
    created_at: datetime = column("When the person signed in.")
    last_used_at: datetime = column("When it was used last: to the minute in a browser, else by `refreshSession`.")
    expires_at: datetime | None = column("When it ends by itself, if it isn't used until then.")
    is_current: bool = loaded(IsCurrent, "Whether it is the one that asks.", by="id", cost=0)


@strawberry.type(description="One page of where somebody is signed in.")
class ActiveSessionConnection(Connection[ActiveSession]):
    """One page of sessions."""


@strawberry.type(description="A token that somebody made for a program of their own. What it reads isn't kept.")
class PersonalToken:
    """A token for a program."""

    id: strawberry.ID = column("For `revokePersonalToken`.", of=_id)
    name: str = column("What the person calls it.")
    scopes: list[str] = column("What it may be used for, e.g. `posts:read`.")
    created_at: datetime = column("When it was made.")
    last_used_at: datetime = column("When it was used last, to the minute; until it is, when it was made.")
    expires_at: datetime | None = column("When it is void; null if it has to be revoked.")


@strawberry.type(description="One page of personal tokens.")
class PersonalTokenConnection(Connection[PersonalToken]):
    """One page of personal tokens."""


@strawberry.type(description="A new personal token. This is the only time that it is shown.")
class NewPersonalToken:
    """A token as it is shown once."""

    token: str = column("Send it as `Authorization: Bearer …`. Keep it secret: it begins with `starling_pat_`.")
    personal_token: PersonalToken = column("What is kept of it.")


@strawberry.input(description="A token for a program of one's own, and who asks for it.")
class CreatePersonalTokenInput:
    """A token for a program."""

    name: str = strawberry.field(description="1–100 characters, to know it by.")
    scopes: list[str] = strawberry.field(description="One or more, e.g. `posts:read`; never `account`.")
    expires_at: datetime | None = strawberry.field(default=None, description="When it shall be void; left out: never.")
    password: str | None = PASSWORD
    code: str | None = CODE


@strawberry.input(description="A token that isn't wanted any more.")
class RevokePersonalTokenInput:
    """A token to revoke."""

    personal_token_id: strawberry.ID = strawberry.field(description="The viewer's own token.")


@strawberry.input(description="A session to end.")
class EndSessionInput:
    """A session to end."""

    session_id: strawberry.ID = strawberry.field(description="The viewer's own session.")


@strawberry.type(description="There is a token.")
class CreatePersonalTokenSuccess:
    """There is a token."""

    created: NewPersonalToken = strawberry.field(description="The token.")


@strawberry.type(description="The token is void.")
class RevokePersonalTokenSuccess:
    """The token is void."""

    revoked_id: strawberry.ID = strawberry.field(description="The id that the token had.")


@strawberry.type(description="The session is over, and all its tokens are void.")
class EndSessionSuccess:
    """The session is over."""

    ended_id: strawberry.ID = strawberry.field(description="The id that the session had.")


@strawberry.type(description="All other sessions are over.")
class EndOtherSessionsSuccess:
    """All other sessions are over."""

    ended: bool = strawberry.field(description="Always true.")


CreatePersonalTokenResult = Annotated[
    CreatePersonalTokenSuccess | InvalidInput | NotSignedIn | Conflict | RateLimited,
    strawberry.union("CreatePersonalTokenResult", description="The token, or why there is none."),
]
RevokePersonalTokenResult = Annotated[
    RevokePersonalTokenSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("RevokePersonalTokenResult", description="That the token is void, or why it isn't."),
]
EndSessionResult = Annotated[
    EndSessionSuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("EndSessionResult", description="That the session is over, or why it isn't."),
]
EndOtherSessionsResult = Annotated[
    EndOtherSessionsSuccess | NotSignedIn | RateLimited,
    strawberry.union("EndOtherSessionsResult", description="That they are over, or why they aren't."),
]


@strawberry.type
class AccessMutations:
    """Ending sessions; making and revoking personal tokens."""

    create_personal_token: CreatePersonalTokenResult = mutation(
        CreatePersonalTokenResult,
        access.create_personal_token,
        "Make a token for a program of one's own.",
        takes=CreatePersonalTokenInput,
    )
    revoke_personal_token: RevokePersonalTokenResult = mutation(
        RevokePersonalTokenResult,
        access.revoke_personal_token,
        "Make a personal token void, sockets included, within a second.",
        takes=RevokePersonalTokenInput,
    )
    end_session: EndSessionResult = mutation(
        EndSessionResult,
        access.end_session,
        "Sign one of the viewer's devices out, sockets included, within a second.",
        takes=EndSessionInput,
    )
    end_other_sessions: EndOtherSessionsResult = mutation(
        EndOtherSessionsResult, access.end_other_sessions, "Sign all of the viewer's other devices out."
    )
