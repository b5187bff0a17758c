"""Passkeys: made and used by browsers, from options that Starling gives."""

from typing import Annotated

import strawberry

from auth import passkey_fields, sessions
from schema.errors import Conflict, InvalidInput, NotFound, NotSignedIn, RateLimited, Suspended, mutation
from schema.factors import CODE, PASSWORD, Passkey
from schema.sessions import Session

CREDENTIAL = "What the browser gave for the options: its `toJSON()`, as a JSON text."


@strawberry.input(description="Who wants a passkey.")
class BeginPasskeyInput:
    """Who wants a passkey."""

    password: str | None = PASSWORD
    code: str | None = CODE


@strawberry.input(description="A passkey that the browser has made.")
class AddPasskeyInput:
    """A passkey that the browser has made."""

    credential: str = strawberry.field(description=CREDENTIAL)
    name: str = strawberry.field(description="What to call it: 1–100 characters.")


@strawberry.input(description="Another name for a passkey.")
class RenamePasskeyInput:
    """Another name for a passkey."""

    passkey_id: strawberry.ID = strawberry.field(description="Which of the viewer's.")
    name: str = strawberry.field(description="What to call it: 1–100 characters.")


@strawberry.input(description="A passkey to take away, and who asks for it.")
class RemovePasskeyInput:
    """A passkey to take away."""

    passkey_id: strawberry.ID = strawberry.field(description="Which of the viewer's.")
    password: str | None = PASSWORD
    code: str | None = CODE


@strawberry.input(description="Who comes back with a passkey.")
class SignInWithPasskeyInput:
    """Who comes back with a passkey."""

    credential: str = strawberry.field(description=CREDENTIAL)


@strawberry.type(description="The browser can make a passkey now.")
class BeginPasskeySuccess:
    """The browser can make a passkey."""

    options: str = strawberry.field(
        description="JSON for `PublicKeyCredential.parseCreationOptionsFromJSON`; what that makes, as `publicKey` for "
        "`navigator.credentials.create`. Good once, for five minutes."
    )


@strawberry.type(description="There is another passkey.")
class AddPasskeySuccess:
    """There is another passkey."""

    passkey: Passkey = strawberry.field(description="The new passkey.")


@strawberry.type(description="The passkey is called otherwise.")
class RenamePasskeySuccess:
    """The passkey is called otherwise."""

    passkey: Passkey = strawberry.field(description="The passkey, as it is now.")


@strawberry.type(description="The passkey lets nobody in any more.")
class RemovePasskeySuccess:
    """The passkey is gone."""

    deleted_id: strawberry.ID = strawberry.field(description="The passkey's.")


@strawberry.type(description="The browser can ask for a passkey now.")
class BeginPasskeySignInSuccess:
    """The browser can ask for a passkey."""

    options: str = strawberry.field(
        description="JSON for `PublicKeyCredential.parseRequestOptionsFromJSON`; what that makes, as `publicKey` for "
        "`navigator.credentials.get`. Good once, for five minutes."
    )


@strawberry.type(description="The person is signed in; a passkey is two factors in one.")
class SignInWithPasskeySuccess:
    """The person is signed in."""

    session: Session = strawberry.field(description="The new session.")


BeginPasskeyResult = Annotated[
    BeginPasskeySuccess | InvalidInput | NotSignedIn | RateLimited,
    strawberry.union("BeginPasskeyResult", description="The options, or why there are none."),
]
AddPasskeyResult = Annotated[
    AddPasskeySuccess | InvalidInput | NotSignedIn | Conflict | RateLimited,
    strawberry.union("AddPasskeyResult", description="The passkey, or why there is none."),
]
RenamePasskeyResult = Annotated[
    RenamePasskeySuccess | InvalidInput | NotSignedIn | NotFound | RateLimited,
    strawberry.union("RenamePasskeyResult", description="The passkey, or why it keeps its name."),
]
RemovePasskeyResult = Annotated[
    RemovePasskeySuccess | InvalidInput | NotSignedIn | NotFound | Conflict | RateLimited,
    strawberry.union("RemovePasskeyResult", description="That it is gone, or why it isn't."),
]
BeginPasskeySignInResult = Annotated[
    BeginPasskeySignInSuccess | RateLimited,
    strawberry.union("BeginPasskeySignInResult", description="The options, or why there are none."),
]
SignInWithPasskeyResult = Annotated[
    SignInWithPasskeySuccess | NotSignedIn | RateLimited | Suspended,
    strawberry.union("SignInWithPasskeyResult", description="The new session, or why there is none."),
]


@strawberry.type
class PasskeyMutations:
    """Passkeys."""

    begin_passkey: BeginPasskeyResult = mutation(
        BeginPasskeyResult, passkey_fields.begin_passkey, "Get options to make a passkey by.", takes=BeginPasskeyInput
    )
    add_passkey: AddPasskeyResult = mutation(
        AddPasskeyResult, passkey_fields.add_passkey, "Keep a passkey that was made by them.", takes=AddPasskeyInput
    )
    rename_passkey: RenamePasskeyResult = mutation(
        RenamePasskeyResult, passkey_fields.rename_passkey, "Call a passkey something else.", takes=RenamePasskeyInput
    )
    remove_passkey: RemovePasskeyResult = mutation(
        RemovePasskeyResult,
        passkey_fields.remove_passkey,
        "Take a passkey away; not the last way in.",
        takes=RemovePasskeyInput,
    )
    begin_passkey_sign_in: BeginPasskeySignInResult = mutation(
        BeginPasskeySignInResult,
        passkey_fields.begin_passkey_sign_in,
        "Get options to sign in with a passkey by. Nobody has to say who they are: the passkey does.",
    )
    sign_in_with_passkey: SignInWithPasskeyResult = mutation(
        SignInWithPasskeyResult,
        sessions.sign_in_with_passkey,
        "Sign in with a passkey. It stands for password and second factor.",
        takes=SignInWithPasskeyInput,
    )
