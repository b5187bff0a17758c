"""A person's own account: address and password."""

from typing import Annotated, Any

import strawberry

from auth import account_fields
from execution.fields import column, loaded
from loaders.factors import FactorsOfViewer, IdentitiesOfViewer, PasskeysOfViewer
from schema.errors import InvalidInput, NotSignedIn, RateLimited, mutation
from schema.factors import Identity, Passkey


def _is_verified(account: Any) -> bool:
    return account.email_verified_at is not None


@strawberry.type(description="What only the person sees of the own account.")
class Account:
    """What only the person sees."""

    email: str = column("Where Starling writes to. Nobody else sees it.")
    email_verified: bool = column(
        "Whether the person has shown that it is theirs. Only then does the address sign in, can the password be reset "
        "by it, and is it nobody else's.",
        of=_is_verified,
    )
    has_password: bool = loaded(
        FactorsOfViewer,
        "Whether there is a password; else the person signs in otherwise.",
        by="user_id",
        take="has_password",
    )
    has_totp: bool = loaded(
        FactorsOfViewer, "Whether a code of an authenticator app is asked for.", by="user_id", take="has_totp"
    )
    passkeys: list[Passkey] = loaded(PasskeysOfViewer, "The oldest first; at most 20.", by="user_id")
    identities: list[Identity] = loaded(
        IdentitiesOfViewer, "Who the person is at other providers, which let the person in.", by="user_id"
    )
    recovery_codes_left: int = loaded(
        FactorsOfViewer, "How many recovery codes are left of ten.", by="user_id", take="recovery_codes_left"
    )


TOKEN = strawberry.field(description="What the letter's link has after `token=`.")


@strawberry.input(description="What a link in a letter says.")
class VerifyEmailInput:
    """What a link in a letter says."""

    token: str = TOKEN


@strawberry.input(description="Who wants another password.")
class RequestPasswordResetInput:
    """Who wants another password."""

    email: str = strawberry.field(description="The account's address.")


@strawberry.input(description="Another password, by a link in a letter.")
class ResetPasswordInput:
    """Another password, by a link."""

    token: str = TOKEN
    password: str = strawberry.field(description="The new one: 8–256 characters, and hard to guess.")


@strawberry.input(description="Another password, by the current one.")
class ChangePasswordInput:
    """Another password, by the current one."""

    current_password: str = strawberry.field(
        description="As it is now. Who has none asks for one with `requestPasswordReset`."
    )
    new_password: str = strawberry.field(description="8–256 characters, and hard to guess.")


@strawberry.input(description="Another address.")
class ChangeEmailInput:
    """Another address."""

    email: str = strawberry.field(description="The new one.")
    password: str | None = strawberry.field(
        default=None, description="The current password. Who has none signs in within ten minutes before."
    )


@strawberry.type(description="The link has done what it is for.")
class VerifyEmailSuccess:
    """The link has done what it is for."""

    verified: bool = strawberry.field(description="Always true.")


@strawberry.type(description="A letter is on its way.")
class ResendVerificationSuccess:
    """A letter is on its way."""

    sent: bool = strawberry.field(description="Always true.")


@strawberry.type(description="If it is somebody's confirmed address, a letter is on its way to it.")
class RequestPasswordResetSuccess:
    """Whatever the address is."""

    requested: bool = strawberry.field(description="Always true, whether or not the address is anybody's.")


@strawberry.type(description="The password is another, and everybody is signed out.")
class ResetPasswordSuccess:
    """The password is another."""

    reset: bool = strawberry.field(description="Always true. Sign in with the new password.")


@strawberry.type(description="The password is another. This session goes on, other sign-ins have ended.")
class ChangePasswordSuccess:
    """The password is another."""

    changed: bool = strawberry.field(description="Always true.")


@strawberry.type(description="A letter is on its way to the new address; until it is confirmed, nothing changes.")
class ChangeEmailSuccess:
    """A letter is on its way."""

    requested: bool = strawberry.field(description="Always true, whether or not the address is anybody else's.")


VerifyEmailResult = Annotated[
    VerifyEmailSuccess | InvalidInput | RateLimited,
    strawberry.union("VerifyEmailResult", description="That the link was good, or why it isn't."),
]
ResendVerificationResult = Annotated[
    ResendVerificationSuccess | InvalidInput | NotSignedIn | RateLimited,
    strawberry.union("ResendVerificationResult", description="That a letter is on its way, or why there is none."),
]
RequestPasswordResetResult = Annotated[
    RequestPasswordResetSuccess | InvalidInput | RateLimited,
    strawberry.union("RequestPasswordResetResult", description="That it was asked for, or why it can't be."),
]
ResetPasswordResult = Annotated[
    ResetPasswordSuccess | InvalidInput | RateLimited,
    strawberry.union("ResetPasswordResult", description="That the password is another, or why it isn't."),
]
ChangePasswordResult = Annotated[
    ChangePasswordSuccess | InvalidInput | NotSignedIn | RateLimited,
    strawberry.union("ChangePasswordResult", description="That the password is another, or why it isn't."),
]
ChangeEmailResult = Annotated[
    ChangeEmailSuccess | InvalidInput | NotSignedIn | RateLimited,
    strawberry.union("ChangeEmailResult", description="That a letter is on its way, or why there is none."),
]


@strawberry.type
class AccountMutations:
    """What people do to their accounts."""

    verify_email: VerifyEmailResult = mutation(
        VerifyEmailResult,
        account_fields.verify_email,
        "Do what a letter about an address has a link for: confirm it, have it take another's place, or take that "
        "back. The last ends all sessions, and sends a link to choose a new password with. Nobody has to be signed in.",
        takes=VerifyEmailInput,
    )
    resend_verification: ResendVerificationResult = mutation(
        ResendVerificationResult, account_fields.resend_verification, "Get another letter to confirm the address by."
    )
    request_password_reset: RequestPasswordResetResult = mutation(
        RequestPasswordResetResult,
        account_fields.request_password_reset,
        "Have a link sent with which to choose a new password. The answer, and the time it takes, are the same for an "
        "address that is nobody's, or isn't confirmed.",
        takes=RequestPasswordResetInput,
    )
    reset_password: ResetPasswordResult = mutation(
        ResetPasswordResult,
        account_fields.reset_password,
        "Choose a new password by a letter's link. All sessions end, those of apps and of tokens of one's own too.",
        takes=ResetPasswordInput,
    )
    change_password: ChangePasswordResult = mutation(
        ChangePasswordResult,
        account_fields.change_password,
        "Change the viewer's password. Other sign-ins end; apps and tokens of the viewer's own stay.",
        takes=ChangePasswordInput,
    )
    change_email: ChangeEmailResult = mutation(
        ChangeEmailResult,
        account_fields.change_email,
        "Ask for another address. It takes the place of the one there is when a link that is sent to it is used; the "
        "old one gets a letter then, with a link to take that back.",
        takes=ChangeEmailInput,
    )
