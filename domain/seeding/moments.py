"""Times and ids of things that were never live: milliseconds since `core.ids.EPOCH`, and what is made of them."""

from datetime import UTC, datetime

from core import ids

HOUR = 60 * 60 * 1000
DAY = 24 * HOUR
HISTORY = 300 * DAY
"""How long the people of a seeded world have been around, where the ids' epoch allows it."""
_SINCE_2000 = ids.EPOCH - int(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000)


def milliseconds(moment: datetime) -> int:
    """A moment as this module counts time. Raises ValueError for one that ids can't express."""
    since_epoch = int(moment.timestamp() * 1000) - ids.EPOCH
    if since_epoch < DAY:
        raise ValueError("Seeded worlds end on 2 January 2025 or later: ids count time from the day before.")
    return since_epoch


def beginning(now: int) -> int:
    """When a world that is `now` today began."""
    return max(0, now - HISTORY)


def stamp(moment: int) -> int:
    """The `created_at` of a row, as PostgreSQL's binary format has it: microseconds since the year 2000."""
    return (moment + _SINCE_2000) * 1000


def moment_of(number: int) -> int:
    """When an id was made."""
    return number >> ids.SHARD_BITS + ids.SEQUENCE_BITS


class Ids:
    """Ids of the past; no two are alike, whatever they are of."""

    def __init__(self) -> None:
        self._given: set[int] = set()

    def at(self, moment: int) -> int:
        """An id that the database could have made at this moment: see `core.ids.at`."""
        number = moment << ids.SHARD_BITS + ids.SEQUENCE_BITS
        while number in self._given:
            number += 1
        self._given.add(number)
        return number
