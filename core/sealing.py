"""Secrets that must be read back, at rest: AES-256-GCM (NIST SP 800-38D) with keys derived from the settings' secret.

A sealed value says by the first bytes which secret it was sealed under, so that `STARLING_SECRET` can be replaced while
the one before is still listed in `STARLING_PREVIOUS_SECRETS`.
"""

import hashlib
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.settings import settings

NAME, NONCE = 4, 12
"""Bytes in front: the secret's name, and the nonce."""


class Unsealable(Exception):
    """Not sealed by us for this purpose, or under a secret that is no longer listed."""


def seal(plain: bytes, purpose: str) -> bytes:
    """The value, for nobody but us and for nothing but this purpose."""
    name, secret = next(iter(_secrets().items()))
    nonce = os.urandom(NONCE)
    return name + nonce + _key(secret, purpose).encrypt(nonce, plain, name)


def unseal(sealed: bytes, purpose: str) -> bytes:
    """What was sealed. Raises Unsealable."""
    name, nonce, hidden = sealed[:NAME], sealed[NAME : NAME + NONCE], sealed[NAME + NONCE :]
    secret = _secrets().get(name)
    if secret is None or len(nonce) < NONCE:
        raise Unsealable("It was sealed under a secret that is neither STARLING_SECRET nor a previous one.")
    try:
        return _key(secret, purpose).decrypt(nonce, hidden, name)
    except InvalidTag:
        raise Unsealable("It was changed, or sealed for another purpose.") from None


def todays() -> bytes:
    """What the values begin with that are sealed under today's secret."""
    return next(iter(_secrets()))


def _secrets() -> dict[bytes, bytes]:
    """Today's secret and those before it, by their names."""
    config = settings()
    texts = [each.get_secret_value().encode() for each in (config.secret, *config.previous_secrets)]
    return {hashlib.sha256(b"name:" + text).digest()[:NAME]: text for text in texts}


@cache
def _key(secret: bytes, purpose: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), length=32, salt=None, info=f"starling:{purpose}".encode()).derive(secret))
