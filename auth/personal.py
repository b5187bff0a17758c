"""Personal access tokens: a prefix for secret scanners, a secret, and a checksum against false alarms."""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auth import factors
from domain import access
from domain.device import Device
from domain.viewer import Viewer
from loaders.context import Services

PREFIX = "starling_pat_"
FORM = re.compile(r"starling_pat_[0-9A-Za-z]{43}[0-9A-Za-z]{6}")
"""What to look for; the last six characters are the CRC-32 of the 43 before, to the base of 62."""
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET, _SUM = 43, 6
"""Digits: 43 hold 256 bits, six a CRC-32."""


@dataclass(frozen=True, slots=True)
class Made:
    """A token as it is shown once, and what is kept of it."""

    token: str
    personal_token: Any


async def create(
    services: Services,
    viewer: Viewer,
    device: Device,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    password: str | None = None,
    code: str | None = None,
) -> Made:
    """A token for a program of the viewer's. Raises NotSignedIn, InvalidInput, RateLimited, Conflict."""
    await factors.prove(services, viewer, device, password=password, code=code)
    token = make()
    async with services.db.write() as tx:
        session = await access.make_token(
            tx,
            viewer,
            device,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            secret_hash=hashlib.sha256(token.encode()).digest(),
        )
    return Made(token, session)


def make() -> str:
    """A new token: whoever has it is its session."""
    secret = "".join(secrets.choice(_DIGITS) for _ in range(_SECRET))
    return f"{PREFIX}{secret}{_checksum(secret)}"


def is_one(token: str) -> bool:
    """Whether it may be one of ours, as far as its text says."""
    secret, checksum = token[len(PREFIX) : -_SUM], token[-_SUM:]
    return bool(FORM.fullmatch(token)) and _checksum(secret) == checksum


def _checksum(secret: str) -> str:
    rest, digits = zlib.crc32(secret.encode()), ""
    for _ in range(_SUM):
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
