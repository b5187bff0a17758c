"""Personal access tokens as texts: a prefix for secret scanners, a secret, and a checksum against false alarms."""

import re
import secrets
import string
import zlib

PREFIX = "starling_pat_"
FORM = re.compile(r"starling_pat_[0-9A-Za-z]{43}[0-9A-Za-z]{6}")
"""What to look for; the last six characters are the CRC-32 of the 43 before, to the base of 62."""
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET, _SUM = 43, 6
"""Digits: 43 hold 256 bits, six a CRC-32."""


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
