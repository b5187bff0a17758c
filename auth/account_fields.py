"""What the API's mutations of accounts do: see accounts.py."""

from typing import TYPE_CHECKING

from auth import accounts
from domain.viewer import Viewer
from loaders.context import Info

if TYPE_CHECKING:
    from schema.accounts import (
        ChangeEmailInput,
        ChangePasswordInput,
        RequestPasswordResetInput,
        ResetPasswordInput,
        VerifyEmailInput,
    )


async def verify_email(info: Info, input: "VerifyEmailInput") -> bool:
    """See `accounts.use_email_link`."""
    context = info.context
    await accounts.use_email_link(context.services, context.device, input.token)
    return True


async def resend_verification(info: Info) -> bool:
    """See `accounts.resend_verification`."""
    context = info.context
    await accounts.resend_verification(context.services, context.viewer, context.device)
    return True


async def request_password_reset(info: Info, input: "RequestPasswordResetInput") -> bool:
    """See `accounts.request_reset`."""
    context = info.context
    await accounts.request_reset(context.services, context.device, input.email)
    return True


async def reset_password(info: Info, input: "ResetPasswordInput") -> bool:
    """See `accounts.reset_password`. Whoever is signed in isn't any more, perhaps."""
    context = info.context
    user_id = await accounts.reset_password(context.services, context.device, input.token, input.password)
    if user_id == context.viewer.user_id:
        context.act_as(Viewer())
    return True


async def change_password(info: Info, input: "ChangePasswordInput") -> bool:
    """See `accounts.change_password`."""
    context = info.context
    given = {"current": input.current_password, "new": input.new_password}
    await accounts.change_password(context.services, context.viewer, context.device, **given)
    return True


async def change_email(info: Info, input: "ChangeEmailInput") -> bool:
    """See `accounts.change_email`."""
    context = info.context
    await accounts.change_email(
        context.services, context.viewer, context.device, email=input.email, password=input.password
    )
    return True
