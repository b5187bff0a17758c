"""Passkeys (WebAuthn level 3): the two ceremonies, for the API and for pages. Options and credentials are JSON texts.

The challenge that an authenticator signs is a token of domain/challenges.py, so that a credential brings with it what
it answers. The authenticator must have verified its user: a passkey is two factors, and lets in by itself.
auth/ceremonies.py knows what both look like.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from auth import attempts, factors
from auth.attempts import Attempt
from core.errors import InvalidInput, NotSignedIn
from domain import addresses, challenges, passkeys
from domain.challenges import Purpose
from domain.device import Device
from domain.text import clean
from domain.viewer import Viewer
from loaders.context import Services
from models.factors import Passkey

NO_PASSKEY = "This isn't a passkey for what was asked, or it came too late: try again."
UNKNOWN = "Starling doesn't know this passkey, or it came too late: try again, or sign in otherwise."


async def begin(
    services: Services, viewer: Viewer, device: Device, *, password: str | None = None, code: str | None = None
) -> str:
    """Options for `navigator.credentials.create()`. Raises NotSignedIn, InvalidInput, RateLimited."""
    from auth import ceremonies

    await factors.prove(services, viewer, device, password=password, code=code)
    person, known = await addresses.of(services.db, viewer), await passkeys.of(services.db, viewer)
    async with services.db.write() as tx:
        challenge = challenges.make(tx, Purpose.PASSKEY_ADD, person.user_id)
    return ceremonies.to_create(challenge, _user_handle(person.user_id), person.handle, person.name, known)


async def add(services: Services, viewer: Viewer, device: Device, *, credential: str, name: str) -> Passkey:
    """Keep what `navigator.credentials.create()` gave. Raises NotSignedIn, InvalidInput, Conflict, RateLimited."""
    me, name = viewer.require_user(), clean(name, passkeys.LONGEST_NAME, "input", "name", lines=False)
    async with attempts.of(services.limiter, Attempt.PASSKEY, account=me, address=device.address):
        return await _keep(services, me, device, credential, name)


async def _keep(services: Services, me: int, device: Device, credential: str, name: str) -> Passkey:
    from auth import ceremonies

    refusal = InvalidInput.at("input", "credential", message=NO_PASSKEY)
    with _or(refusal):
        made = ceremonies.created(credential)
        challenge = ceremonies.challenge_of(made.response.client_data_json)
    async with services.db.write() as tx:
        asked = await challenges.take(tx, challenge, Purpose.PASSKEY_ADD)
        if asked is None or asked.user_id != me:
            raise refusal
        with _or(refusal):
            key = ceremonies.check_created(made, challenge)
        return await passkeys.add(
            tx,
            me,
            device,
            credential_id=key.credential_id,
            public_key=key.credential_public_key,
            sign_count=key.sign_count,
            transports=[each.value for each in made.response.transports or []],
            is_synced=key.credential_backed_up,
            name=name,
        )


async def begin_sign_in(services: Services) -> str:
    """Options for `navigator.credentials.get()`: whoever answers is who it is. Raises Unavailable."""
    from auth import ceremonies

    async with services.db.write() as tx:
        challenge = challenges.make(tx, Purpose.PASSKEY_USE, None)
    return ceremonies.to_get(challenge)


async def sign_in(services: Services, device: Device, credential: str) -> int:
    """Whose passkey `navigator.credentials.get()` has used. Raises NotSignedIn, RateLimited, Unavailable."""
    async with attempts.of(services.limiter, Attempt.PASSKEY, address=device.address):
        return await _owner(services, credential)


async def _owner(services: Services, credential: str) -> int:
    from auth import ceremonies

    refusal = NotSignedIn(UNKNOWN)
    with _or(refusal):
        shown = ceremonies.got(credential)
        challenge = ceremonies.challenge_of(shown.response.client_data_json)
    async with services.db.write() as tx:
        asked = await challenges.take(tx, challenge, Purpose.PASSKEY_USE)
        passkey = await passkeys.known(tx, shown.raw_id) if asked else None
        if passkey is None or shown.response.user_handle not in (None, _user_handle(passkey.user_id)):
            raise refusal
        with _or(refusal):
            use = ceremonies.check_got(shown, challenge, passkey)
        passkeys.used(tx, passkey, sign_count=use.new_sign_count, is_synced=use.credential_backed_up)
    return passkey.user_id


async def remove(
    services: Services,
    viewer: Viewer,
    device: Device,
    passkey_id: int,
    *,
    password: str | None = None,
    code: str | None = None,
) -> None:
    """Take a passkey away. Raises NotSignedIn, InvalidInput, NotFound, Conflict, RateLimited."""
    await factors.prove(services, viewer, device, password=password, code=code)
    await passkeys.remove(services.db, viewer, passkey_id, device)


def _user_handle(user_id: int) -> bytes:
    return user_id.to_bytes(8, "big")


@contextmanager
def _or(refusal: Exception) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise refusal from error
