"""WebAuthn's two ceremonies: what browsers are asked, and what they answer (level 3, sections 7.1 and 7.2).

Imported once somebody comes with a passkey: the library takes 5 MB of its own, and most processes see none.
What no browser would answer is a ValueError.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from core.settings import settings
from models.factors import Passkey

UNREADABLE = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the library raises at what no browser sends."""
_VERIFIED = UserVerificationRequirement.REQUIRED


def to_create(challenge: str, user: bytes, handle: str, name: str, known: Iterable[Passkey]) -> str:
    """Options for `navigator.credentials.create()`: not on an authenticator that has one of the `known` passkeys."""
    options = webauthn.generate_registration_options(
        rp_id=host(),
        rp_name="Starling",
        user_id=user,
        user_name=handle,
        user_display_name=name,
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


def to_get(challenge: str) -> str:
    """Options for `navigator.credentials.get()`: anybody's passkey."""
    options = webauthn.generate_authentication_options(
        rp_id=host(), challenge=challenge.encode(), user_verification=_VERIFIED
    )
    return webauthn.options_to_json(options)


@contextmanager
def _read() -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise ValueError("This is no browser's answer.") from error


@_read()
def created(credential: str) -> RegistrationCredential:
    """What `create()` gave, nothing of which is checked yet."""
    return parse_registration_credential_json(credential)


@_read()
def got(credential: str) -> AuthenticationCredential:
    """What `get()` gave, nothing of which is checked yet."""
    return parse_authentication_credential_json(credential)


@_read()
def challenge_of(client_data: bytes) -> str:
    """What a browser says that it was asked."""
    return parse_client_data_json(client_data).challenge.decode("ascii")


@_read()
def check_created(credential: RegistrationCredential, challenge: str) -> VerifiedRegistration:
    """The new key, made for this challenge, for us, by an authenticator that knows its user."""
    return webauthn.verify_registration_response(credential=credential, **_expected(challenge))


@_read()
def check_got(credential: AuthenticationCredential, challenge: str, passkey: Passkey) -> VerifiedAuthentication:
    """The use of a passkey, for this challenge, for us, by an authenticator that knows its user."""
    return webauthn.verify_authentication_response(
        credential=credential,
        credential_public_key=passkey.public_key,
        credential_current_sign_count=passkey.sign_count,
        **_expected(challenge),
    )


def _expected(challenge: str) -> dict[str, Any]:
    return {
        "expected_challenge": challenge.encode(),
        "expected_rp_id": host(),
        "expected_origin": [settings().origin, settings().origin.replace("//127.0.0.1", "//localhost")],
        "require_user_verification": True,
    }


def host() -> str:
    """Whom passkeys are for: the public URL's host. Browsers know no passkeys for addresses."""
    host = urlsplit(settings().origin).hostname or ""
    return "localhost" if host == "127.0.0.1" else host
