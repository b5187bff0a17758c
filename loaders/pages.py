"""Pages of lists: keysets with a tie-breaker, one statement for a whole level of parents."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam

from core import cursors
from core.errors import InvalidInput
from core.ids import LARGEST
from core.reads import Reader
from domain.viewer import Viewer
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


class PageLoader(BatchLoader[int, Page]):
    """One page of the list of each key; of a list that stands alone for the key `execution.fields.ALONE`."""

    prepare = True

    def __init__(self, db: Reader, viewer: Viewer, listing: Listing, first: int, after: str | None) -> None:
        super().__init__(db, viewer)
        self.listing, self.first, self.resumed = listing, first, after is not None
        self.parameters: dict[str, Any] = {"limit": first + 1}
        for number, value in enumerate(listing.position(after)):
            self.parameters[f"after_{number}"] = value

    @property
    def name(self) -> str:
        """The list's."""
        return self.listing.name

    async def batch_load_fn(self, keys: list[int]) -> list[Page]:
        """One statement for all keys."""
        rows = await self.read(self.listing.statement, prepare=self.prepare, keys=keys, **self.parameters)
        if len(keys) == 1:
            return [self._page(rows)]
        grouped: dict[int, list[Any]] = {key: [] for key in keys}
        for row in rows:
            grouped[row.page_of].append(row)
        return list(map(self._page, grouped.values()))

    def _page(self, rows: list[Any]) -> Page:
        return Page(rows[: self.first], len(rows) > self.first, self.resumed, self.listing.cursor)


class Lists:
    """The lists of one kind: `lists.page(first=3)` loads the first three of each key."""

    listings: ClassVar[dict[str, Listing]]
    """By the order that can be asked for."""

    def __init__(self, db: Reader, viewer: Viewer) -> None:
        self._db, self._viewer = db, viewer
        self._pages: dict[tuple[Any, ...], PageLoader] = {}

    def page(self, *, first: int | None = None, after: str | None = None, order: str = "") -> PageLoader:
        """The loader of a page: the same one for the same arguments. Raises InvalidInput."""
        return self._page(PageLoader, order, first, after)

    def _page(self, kind: type[PageLoader], order: str, first: int | None, after: str | None, *of: Any) -> PageLoader:
        first = DEFAULT_PAGE if first is None else first
        key = (order, first, after, *of)
        if key not in self._pages:
            if not 1 <= first <= LARGEST_PAGE:
                raise InvalidInput.at("first", message=f"1 to {LARGEST_PAGE}; take more pages for more.")
            self._pages[key] = kind(self._db, self._viewer, self.listings[order], first, after, *of)
        return self._pages[key]
