"""Ids as clients see them: a type's prefix and the 64-bit number, e.g. `post_7301204912345678`.

Opaque to clients, readable in a log. The numbers are made by the database's `next_id()`: 41 bits of milliseconds since
`EPOCH`, 13 of shard, 10 of sequence, so that they sort by time.
"""

import re
from datetime import datetime

from core.errors import InvalidInput

EPOCH = 1_735_689_600_000
"""2025-01-01T00:00:00Z in Unix milliseconds."""
SHARD_BITS = 13
SEQUENCE_BITS = 10
LARGEST = 2**63 - 1
_PATTERN = re.compile(r"([a-z]{1,16})_(0|[1-9][0-9]{0,18})", re.ASCII)


def encode(kind: str, number: int) -> str:
    """`encode("post", 7)` is `"post_7"`."""
    return f"{kind}_{number}"


def decode(value: str, *path: str) -> tuple[str, int]:
    """`("post", 7)` of `"post_7"`. Raises InvalidInput at `path`."""
    match = _PATTERN.fullmatch(value)
    if match is None or int(match[2]) > LARGEST:
        raise InvalidInput.at(*path, message="This is not an id; ids look like post_7301204912345678.")
    return match[1], int(match[2])


def decode_as(kind: str, value: str, *path: str) -> int:
    """The number of an id that must be of `kind`. Raises InvalidInput at `path`."""
    found, number = decode(value, *path)
    if found != kind:
        raise InvalidInput.at(*path, message=f"A {kind}'s id is expected here, like {kind}_7301204912345678.")
    return number


def at(moment: datetime, shard: int = 0, sequence: int = 0) -> int:
    """The id that the database would have made at `moment`: for data that is written with a past."""
    milliseconds = int(moment.timestamp() * 1000) - EPOCH
    return (milliseconds << SHARD_BITS + SEQUENCE_BITS) | (shard << SEQUENCE_BITS) | sequence
