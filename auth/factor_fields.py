"""What the API's mutations of second factors do: see factors.py."""

from typing import TYPE_CHECKING

from auth import factors
from auth.factors import Enrolment
from core.ids import decode_as, encode
from domain import identities
from loaders.context import Info

if TYPE_CHECKING:
    from schema.factors import (
        BeginTotpInput,
        ConfirmTotpInput,
        DisableTotpInput,
        NewRecoveryCodesInput,
        UnlinkIdentityInput,
    )


async def begin_totp(info: Info, input: "BeginTotpInput") -> Enrolment:
    """See `factors.begin_totp`."""
    context = info.context
    return await factors.begin_totp(
        context.services, context.viewer, context.device, password=input.password, code=input.code
    )


async def confirm_totp(info: Info, input: "ConfirmTotpInput") -> list[str]:
    """See `factors.confirm_totp`."""
    context = info.context
    return await factors.confirm_totp(context.services, context.viewer, context.device, input.code)


async def disable_totp(info: Info, input: "DisableTotpInput") -> bool:
    """See `factors.disable_totp`."""
    context = info.context
    await factors.disable_totp(
        context.services, context.viewer, context.device, password=input.password, code=input.code
    )
    return True


async def new_recovery_codes(info: Info, input: "NewRecoveryCodesInput") -> list[str]:
    """See `factors.new_recovery_codes`."""
    context = info.context
    return await factors.new_recovery_codes(
        context.services, context.viewer, context.device, password=input.password, code=input.code
    )


async def unlink_identity(info: Info, input: "UnlinkIdentityInput") -> str:
    """See `identities.unlink`."""
    context, identity_id = info.context, decode_as("identity", input.identity_id, "input", "identityId")
    await factors.prove(context.services, context.viewer, context.device, password=input.password, code=input.code)
    await identities.unlink(context.db, context.viewer, identity_id, context.device)
    return encode("identity", identity_id)
