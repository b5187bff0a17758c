"""Pages of lists: keysets with a tie-breaker, one statement for a whole level of parents."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam

from core import cursors
from core.errors import InvalidInput
from core.ids import LARGEST
from execution.pages import Page
from loaders.base import BatchLoader

DEFAULT_PAGE, LARGEST_PAGE = 20, 100

LIMIT: ColumnElement[int] = bindparam("limit", type_=BigInteger)
AFTER: ColumnElement[int] = bindparam("after_0", type_=BigInteger)
AFTER_TIE: ColumnElement[int] = bindparam("after_1", type_=BigInteger)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in one order: its statement over `keys`, `viewer`, `limit` and `after_0`, `after_1`.

    `sort` names the columns that the order compares, `start` the sort keys before the first row. Rows carry the key
    that they are listed under as `page_of`, unless the list stands alone.
    """

    name: str
    statement: Select[Any]
    sort: tuple[str, ...] = ("id",)
    start: tuple[int, ...] = (LARGEST,)

    def cursor(self, row: Any) -> str:
        """The place after a row."""
        return cursors.encode(self.name, *(getattr(row, column) for column in self.sort))

    def position(self, after: str | None) -> tuple[int, ...]:
        """The sort keys of a cursor. Raises InvalidInput."""
        return self.start if after is None else cursors.decode(self.name, after, len(self.sort))


class PageKey(NamedTuple):
    """A page: of what, in which order, how long, from where."""

    of: Any
    order: str
    first: int
    after: tuple[int, ...]
    resumed: bool


class PageLoader(BatchLoader[PageKey, Page]):
    """Pages of one list of each key."""

    listings: ClassVar[dict[str, Listing]]

    @classmethod
    def key(cls, of: Any = None, *, first: int | None = None, after: str | None = None, order: str = "") -> PageKey:
        """The key of a page, from a field's arguments. Raises InvalidInput."""
        first = DEFAULT_PAGE if first is None else first
        if not 1 <= first <= LARGEST_PAGE:
            raise InvalidInput.at("first", message=f"1 to {LARGEST_PAGE}; take more pages for more.")
        return PageKey(of, order, first, cls.listings[order].position(after), after is not None)

    async def batch_load_fn(self, keys: list[PageKey]) -> list[Page]:
        """One statement for all keys that ask for the same page, which is all of a level but for aliases."""
        alike: dict[tuple[Any, ...], list[PageKey]] = defaultdict(list)
        for key in keys:
            alike[self.alike(key)].append(key)
        pages: dict[PageKey, Page] = {}
        for part in await asyncio.gather(*map(self._load, alike.values())):
            pages.update(part)
        return [pages[key] for key in keys]

    def alike(self, key: PageKey) -> tuple[Any, ...]:
        """What keys have in common that one statement serves: all but what they are pages of."""
        return key[1:]

    async def _load(self, keys: list[PageKey]) -> dict[PageKey, Page]:
        listing, first = self.listings[keys[0].order], keys[0].first
        after = {f"after_{i}": value for i, value in enumerate(keys[0].after)}
        rows = await self.rows(listing, [key.of for key in keys], limit=first + 1, **after)
        grouped: dict[Any, list[Any]] = defaultdict(list)
        for row in rows:
            grouped[getattr(row, "page_of", keys[0].of)].append(row)
        return {
            key: Page(grouped[key.of][:first], len(grouped[key.of]) > first, key.resumed, listing.cursor)
            for key in keys
        }

    async def rows(self, listing: Listing, of: list[Any], **page: int) -> list[Any]:
        """The rows of these keys' pages."""
        return await self.read(listing.statement, keys=of, **page)
