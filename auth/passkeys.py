"""Passkeys (WebAuthn level 3): the two ceremonies, for the API and for pages. Options and credentials are JSON texts.

The challenge that an authenticator signs is a token of domain/challenges.py, so that a credential brings with it what
it answers. The authenticator must have verified its user: a passkey is two factors, and lets in by itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import parse_authentication_credential_json as parse_authentication
from webauthn.helpers import parse_client_data_json
from webauthn.helpers import parse_registration_credential_json as parse_registration
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from auth import factors
from core.errors import InvalidInput, NotSignedIn
from core.settings import settings
from core.transactions import Transaction
from domain import addresses, challenges, passkeys
from domain.challenges import Asked, Purpose
from domain.device import Device
from domain.text import clean
from domain.viewer import Viewer
from loaders.context import Services
from models.factors import Passkey

T = TypeVar("T")
UNREADABLE = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError)
"""What the library makes of credentials that no browser sends."""
NO_PASSKEY = "This isn't a passkey for what was asked, or it came too late: try again."
UNKNOWN = "Starling doesn't know this passkey, or it came too late: try again, or sign in otherwise."
_VERIFIED = UserVerificationRequirement.REQUIRED


async def begin(
    services: Services, viewer: Viewer, device: Device, *, password: str | None = None, code: str | None = None
) -> str:
    """Options for `navigator.credentials.create()`. Raises NotSignedIn, InvalidInput, RateLimited."""
    await factors.prove(services, viewer, device, password=password, code=code)
    person, known = await addresses.of(services.db, viewer), await passkeys.of(services.db, viewer)
    async with services.db.write() as tx:
        challenge = challenges.make(tx, Purpose.PASSKEY_ADD, person.user_id)
    options = webauthn.generate_registration_options(
        rp_id=_host(),
        rp_name="Starling",
        user_id=_user_handle(person.user_id),
        user_name=person.handle,
        user_display_name=person.name,
        challenge=challenge.encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(
                each.credential_id, transports=list(map(AuthenticatorTransport, each.transports))
            )
            for each in known
        ],
    )
    return webauthn.options_to_json(options)


async def add(services: Services, viewer: Viewer, device: Device, *, credential: str, name: str) -> Passkey:
    """Keep what `navigator.credentials.create()` gave. Raises NotSignedIn, InvalidInput, Conflict."""
    me, name = viewer.require_user(), clean(name, passkeys.LONGEST_NAME, "input", "name", lines=False)
    refusal = InvalidInput.at("input", "credential", message=NO_PASSKEY)
    made = _or(refusal, parse_registration, credential)
    async with services.db.write() as tx:
        asked, challenge = await _asked(tx, Purpose.PASSKEY_ADD, made.response.client_data_json)
        if asked is None or asked.user_id != me:
            raise refusal
        key = _or(refusal, webauthn.verify_registration_response, credential=made, **_expected(challenge))
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
    async with services.db.write() as tx:
        challenge = challenges.make(tx, Purpose.PASSKEY_USE, None)
    options = webauthn.generate_authentication_options(
        rp_id=_host(), challenge=challenge.encode(), user_verification=_VERIFIED
    )
    return webauthn.options_to_json(options)


async def sign_in(services: Services, device: Device, credential: str) -> int:
    """Whose passkey `navigator.credentials.get()` has used. Raises NotSignedIn, Unavailable."""
    refusal = NotSignedIn(UNKNOWN)
    shown = _or(refusal, parse_authentication, credential)
    async with services.db.write() as tx:
        asked, challenge = await _asked(tx, Purpose.PASSKEY_USE, shown.response.client_data_json)
        passkey = await passkeys.known(tx, shown.raw_id) if asked else None
        if passkey is None or shown.response.user_handle not in (None, _user_handle(passkey.user_id)):
            raise refusal
        use = _or(
            refusal,
            webauthn.verify_authentication_response,
            credential=shown,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            **_expected(challenge),
        )
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


async def _asked(tx: Transaction, purpose: Purpose, client_data: bytes) -> tuple[Asked | None, bytes]:
    """What a browser says that it was asked, used up by that, with the challenge as the authenticator signed it."""
    try:
        challenge = parse_client_data_json(client_data).challenge
        return await challenges.take(tx, challenge.decode("ascii"), purpose), challenge
    except UNREADABLE:
        return None, b""


def _expected(challenge: bytes) -> dict[str, Any]:
    return {
        "expected_challenge": challenge,
        "expected_rp_id": _host(),
        "expected_origin": [settings().origin, settings().origin.replace("//127.0.0.1", "//localhost")],
        "require_user_verification": True,
    }


def _host() -> str:
    """Whom passkeys are for: the public URL's host. Browsers know no passkeys for addresses."""
    host = urlsplit(settings().origin).hostname or ""
    return "localhost" if host == "127.0.0.1" else host


def _user_handle(user_id: int) -> bytes:
    return user_id.to_bytes(8, "big")


def _or(refusal: Exception, work: Callable[..., T], *args: Any, **given: Any) -> T:
    try:
        return work(*args, **given)
    except UNREADABLE as error:
        raise refusal from error
