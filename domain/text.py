"""Text that people write: normalised, trimmed, measured in characters, free of control characters."""

import re
import unicodedata
from urllib.parse import urlsplit

from core.errors import InvalidInput

_HANDLE = re.compile(r"[a-z0-9_]{2,30}", re.ASCII)
_LABEL = r"[^@\s.,:;<>()\[\]\\\"]+"
_EMAIL = re.compile(rf"[^@\s]{{1,64}}@{_LABEL}(\.{_LABEL})+")
MOST_MARKS = 30
"""On one letter: UAX #15, section 13."""
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"}
"""Categories that show nothing by themselves; marks need something to stand on."""
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing all the same: Hangul fillers and the empty Braille pattern."""


def composed(text: str) -> str:
    """NFC; as it is where it has more marks in a row than any language: sorting them takes the square of them."""
    if text.isascii():
        return text
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MOST_MARKS:
            return text
    return unicodedata.normalize("NFC", text)


def clean(text: str, longest: int, *path: str, lines: bool = True) -> str:
    """NFC, trimmed, 1 to `longest` characters; line breaks only where `lines`. Raises InvalidInput at `path`."""
    text = composed(text.replace("\r\n", "\n")).strip()
    allowed = "\n\t" if lines else ""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in text):
        raise InvalidInput.at(*path, message="Control characters are not allowed.")
    if all(c in _BLANK or unicodedata.category(c) in _INVISIBLE for c in text):
        raise InvalidInput.at(*path, message="Write something: this is empty.")
    if len(text) > longest:
        raise InvalidInput.at(*path, message=f"At most {longest:,} characters; this has {len(text):,}.")
    return text


def handle(text: str) -> str | None:
    """A handle as it is stored, None where no user can have it."""
    lowered = text.strip().lower()
    return lowered if _HANDLE.fullmatch(lowered) else None


def clean_handle(text: str, *path: str) -> str:
    """A handle as it is stored. Raises InvalidInput at `path`."""
    found = handle(text)
    if found is None:
        raise InvalidInput.at(*path, message="2–30 characters of a–z, 0–9 and _.")
    return found


def clean_email(text: str, *path: str) -> str:
    """A plausible e-mail address; whether it works, only a message to it can tell. Raises InvalidInput at `path`."""
    address = composed(text).strip()
    if len(address) > 254 or not _EMAIL.fullmatch(address) or not address.isprintable():
        raise InvalidInput.at(*path, message="An e-mail address is expected here, like ada@example.org.")
    return address


def clean_url(text: str, *path: str) -> str:
    """An https URL of the outside world. Raises InvalidInput at `path`."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" and bool(parts.hostname) and url.isascii() and url.isprintable()
    except ValueError:
        good = False
    if not good or " " in url or len(url) > 2000:
        raise InvalidInput.at(*path, message="An https URL is expected here, at most 2,000 characters.")
    return url
