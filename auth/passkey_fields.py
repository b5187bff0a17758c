"""What the API's mutations of passkeys do: see passkeys.py."""

from typing import TYPE_CHECKING

from auth import passkeys
from core.ids import decode_as, encode
from domain.passkeys import rename
from loaders.context import Info
from models.factors import Passkey

if TYPE_CHECKING:
    from schema.passkeys import AddPasskeyInput, BeginPasskeyInput, RemovePasskeyInput, RenamePasskeyInput


async def begin_passkey(info: Info, input: "BeginPasskeyInput") -> str:
    """See `passkeys.begin`."""
    context = info.context
    return await passkeys.begin(
        context.services, context.viewer, context.device, password=input.password, code=input.code
    )


async def add_passkey(info: Info, input: "AddPasskeyInput") -> Passkey:
    """See `passkeys.add`."""
    context = info.context
    return await passkeys.add(
        context.services, context.viewer, context.device, credential=input.credential, name=input.name
    )


async def rename_passkey(info: Info, input: "RenamePasskeyInput") -> Passkey:
    """See `domain.passkeys.rename`."""
    passkey_id = decode_as("passkey", input.passkey_id, "input", "passkeyId")
    return await rename(info.context.db, info.context.viewer, passkey_id, input.name)


async def remove_passkey(info: Info, input: "RemovePasskeyInput") -> str:
    """See `passkeys.remove`."""
    context, passkey_id = info.context, decode_as("passkey", input.passkey_id, "input", "passkeyId")
    await passkeys.remove(
        context.services, context.viewer, context.device, passkey_id, password=input.password, code=input.code
    )
    return encode("passkey", passkey_id)


async def begin_passkey_sign_in(info: Info) -> str:
    """See `passkeys.begin_sign_in`."""
    return await passkeys.begin_sign_in(info.context.services)
