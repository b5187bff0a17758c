"""Cursors: opaque to clients, each good for the list it came from and no other.

A cursor is base64url of `list:key[:key…]`, where the keys are what the list is sorted by. It carries no secret and
gives no right: forging one only moves the place where a page begins.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from core.errors import InvalidInput
from core.ids import LARGEST

_WRONG = "This cursor is not from this list; pass an endCursor or an edge's cursor of the same field."


def encode(source: str, *keys: int) -> str:
    """A cursor of the list `source` after the row with these sort keys."""
    return urlsafe_b64encode(":".join((source, *map(str, keys))).encode()).decode().rstrip("=")


def decode(source: str, cursor: str, length: int = 1, *, path: tuple[str, ...] = ("after",)) -> tuple[int, ...]:
    """The `length` sort keys of a cursor of `source`. Raises InvalidInput at `path` for any other string."""
    try:
        _, *keys = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(":")
        numbers = tuple(map(int, keys))
    except ValueError:
        numbers = ()
    known = len(numbers) == length and all(abs(number) <= LARGEST for number in numbers)
    if not known or cursor != encode(source, *numbers):
        raise InvalidInput.at(*path, message=_WRONG)
    return numbers
