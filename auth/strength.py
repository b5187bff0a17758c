"""What may be a password, after NIST SP 800-63B-4, section 3.1.1.2: long enough, not common, not about its person.

No letter, digit or sign is demanded and no password expires. zxcvbn knows 30,000 common passwords, words, names, rows
of keys, repetitions, and how people dress them up, without asking anybody; what is found within `TRIES` is refused.
"""

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from auth.passwords import LONGEST, opaque
from core.errors import InvalidInput
from core.settings import settings

TRIES = 10**6
"""What an attacker who is slowed down as ours are (auth/attempts.py) won't get through."""
LOOKED_AT = 40
"""Characters: the rest makes no password easier, and looking takes the square of them."""
ABOUT_US = ("starling", "murmuration")


async def check(password: str, about: Iterable[str], *path: str) -> None:
    """Refuse what can't be the password of somebody `about` whom others know this. Raises InvalidInput at `path`."""
    shortest = settings().password_length
    if not shortest <= len(opaque(password)) <= LONGEST:
        raise InvalidInput.at(*path, message=f"{shortest} to {LONGEST} characters.")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in password):
        raise InvalidInput.at(*path, message="Control characters are not allowed.")
    found = await asyncio.to_thread(_estimate, password, [*ABOUT_US, *_words(about)])
    if found["guesses"] < TRIES:
        raise InvalidInput.at(*path, message=f"{_why(found)} Several words that don't belong together are better.")


def _estimate(password: str, known: list[str]) -> Any:
    from zxcvbn import zxcvbn  # its lists take 12 MB, and most processes see no new password

    return zxcvbn(password[:LOOKED_AT], user_inputs=known)


def _why(found: Any) -> str:
    if any(match.get("dictionary_name") == "user_inputs" for match in found["sequence"]):
        return "This is too close to who you are, or to where you are."
    return str(found["feedback"]["warning"] or "This is easy to guess.")


def _words(about: Iterable[str]) -> Iterable[str]:
    for text in about:
        yield text
        yield from (word for word in re.split(r"[\W_]+", text) if len(word) > 2)
