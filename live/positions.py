"""Live cursors: places in a history, opaque to clients."""

from functools import lru_cache

from core import cursors
from core.errors import InvalidInput

_SOURCE = "live"
_WRONG = "This is not a live cursor; pass a connection's liveCursor, or the cursor of a live event."


@lru_cache(maxsize=256)  # each operation begins with the present, which is mostly the same
def encode(history: str, seq: int) -> str:
    """The cursor of the place after event `seq`."""
    return cursors.encode(_SOURCE, int(history, 16), seq)


def decode(history: str, cursor: str) -> int | None:
    """The event that a cursor stands after; None for another history's. Raises InvalidInput at `after`."""
    try:
        found, seq = cursors.decode(_SOURCE, cursor, 2)
    except InvalidInput as error:
        raise InvalidInput.at("after", message=_WRONG) from error
    return seq if found == int(history, 16) else None
