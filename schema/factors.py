"""What people have beside a password: an authenticator app, recovery codes, passkeys."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from auth import factor_fields
from core.ids import encode
from execution.fields import column
from schema.errors import Conflict, InvalidInput, NotFound, NotSignedIn, RateLimited, mutation

PASSWORD = strawberry.field(
    default=None,
    description="The password. Within ten minutes of signing in, neither it nor a code has to be sent.",
)
CODE = strawberry.field(default=None, description="In the password's stead: a code of the app, or a recovery code.")
RECOVERY_CODES = strawberry.field(
    description="Ten codes, each good once in the app's stead. They are never shown again, and those before are void."
)


@strawberry.type(description="What an authenticator app is told to make codes.")
class TotpEnrolment:
    """What an authenticator app is told."""

    secret: str = column("The secret in base 32, to be typed in.")
    uri: str = column("The same as an `otpauth:` link, for an app on this device.")
    qr_svg: str = column("The link as a QR code: an `<svg>` element, to be put into a page.")


def _id(passkey: Any) -> str:
    return encode("passkey", passkey.id)


@strawberry.type(description="A passkey, which lets its person in by itself.")
class Passkey:
    """A passkey."""

    id: strawberry.ID = column("For `renamePasskey` and `removePasskey`.", of=_id)
    name: str = column("As the person calls it.")
    is_synced: bool = column("Whether the person's other devices have it, too.")
    created_at: datetime = column("When it was added.")
    last_used_at: datetime | None = column("When it let somebody in.")


def _identity_id(identity: Any) -> str:
    return encode("identity", identity.id)


@strawberry.type(description="The person, as another provider knows them. Linked by pages, at `/sign-in/with/…?link`.")
class Identity:
    """The person elsewhere."""

    id: strawberry.ID = column("For `unlinkIdentity`.", of=_identity_id)
    provider: str = column("Which provider, e.g. `GitHub`.")
    label: str = column("What the person is called there, as of when it was linked.")
    created_at: datetime = column("When it was linked.")


@strawberry.input(description="An identity that lets the person in no more, and who asks for it.")
class UnlinkIdentityInput:
    """An identity that lets nobody in any more."""

    identity_id: strawberry.ID = strawberry.field(description="Which of the viewer's.")
    password: str | None = PASSWORD
    code: str | None = CODE


@strawberry.type(description="The identity lets nobody in any more.")
class UnlinkIdentitySuccess:
    """The identity is gone."""

    deleted_id: strawberry.ID = strawberry.field(description="The identity's.")


@strawberry.input(description="A new authenticator app, and who asks for it.")
class BeginTotpInput:
    """A new authenticator app."""

    password: str | None = PASSWORD
    code: str | None = CODE


@strawberry.input(description="The app has the secret.")
class ConfirmTotpInput:
    """The app has the secret."""

    code: str = strawberry.field(description="What the app shows now: six digits.")


@strawberry.input(description="No authenticator app any more, and who asks for it.")
class DisableTotpInput:
    """No authenticator app any more."""

    password: str | None = PASSWORD
    code: str | None = CODE


@strawberry.input(description="Other recovery codes, and who asks for them.")
class NewRecoveryCodesInput:
    """Other recovery codes."""

    password: str | None = PASSWORD
    code: str | None = CODE


@strawberry.type(description="There is a secret; it counts once `confirmTotp` has shown that the app has it.")
class BeginTotpSuccess:
    """There is a secret."""

    totp: TotpEnrolment = strawberry.field(description="For the app. Show it once, and keep it nowhere.")


@strawberry.type(description="From now on, signing in with a password takes a code, too.")
class ConfirmTotpSuccess:
    """The app is on."""

    recovery_codes: list[str] = RECOVERY_CODES


@strawberry.type(description="Codes are no longer asked for, and recovery codes are void.")
class DisableTotpSuccess:
    """The app is off."""

    disabled: bool = strawberry.field(description="Always true.")


@strawberry.type(description="There are other recovery codes.")
class NewRecoveryCodesSuccess:
    """There are other recovery codes."""

    recovery_codes: list[str] = RECOVERY_CODES


UnlinkIdentityResult = Annotated[
    UnlinkIdentitySuccess | InvalidInput | NotSignedIn | NotFound | Conflict | RateLimited,
    strawberry.union("UnlinkIdentityResult", description="That it is gone, or why it isn't."),
]
BeginTotpResult = Annotated[
    BeginTotpSuccess | InvalidInput | NotSignedIn | Conflict | RateLimited,
    strawberry.union("BeginTotpResult", description="The secret, or why there is none."),
]
ConfirmTotpResult = Annotated[
    ConfirmTotpSuccess | InvalidInput | NotSignedIn | Conflict | RateLimited,
    strawberry.union("ConfirmTotpResult", description="The recovery codes, or why the app isn't on."),
]
DisableTotpResult = Annotated[
    DisableTotpSuccess | InvalidInput | NotSignedIn | Conflict | RateLimited,
    strawberry.union("DisableTotpResult", description="That the app is off, or why it isn't."),
]
NewRecoveryCodesResult = Annotated[
    NewRecoveryCodesSuccess | InvalidInput | NotSignedIn | Conflict | RateLimited,
    strawberry.union("NewRecoveryCodesResult", description="The codes, or why there are none."),
]


@strawberry.type
class FactorMutations:
    """Second factors."""

    begin_totp: BeginTotpResult = mutation(
        BeginTotpResult,
        factor_fields.begin_totp,
        "Get a secret for an authenticator app. One that wasn't confirmed is replaced; one that was stays.",
        takes=BeginTotpInput,
    )
    confirm_totp: ConfirmTotpResult = mutation(
        ConfirmTotpResult,
        factor_fields.confirm_totp,
        "Turn the authenticator app on: `signIn` answers `SecondFactorRequired` from now on.",
        takes=ConfirmTotpInput,
    )
    disable_totp: DisableTotpResult = mutation(
        DisableTotpResult,
        factor_fields.disable_totp,
        "Turn the authenticator app off.",
        takes=DisableTotpInput,
    )
    new_recovery_codes: NewRecoveryCodesResult = mutation(
        NewRecoveryCodesResult,
        factor_fields.new_recovery_codes,
        "Get other recovery codes in place of those there are.",
        takes=NewRecoveryCodesInput,
    )
    unlink_identity: UnlinkIdentityResult = mutation(
        UnlinkIdentityResult,
        factor_fields.unlink_identity,
        "Let another provider let the viewer in no more; not the last way in.",
        takes=UnlinkIdentityInput,
    )
