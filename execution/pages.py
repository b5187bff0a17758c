"""Pages of lists, after the GraphQL Cursor Connections Specification: edges and cursors only when asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)  # freezing them would make making them three times as dear
class Page:
    """One page of a list: its rows in order, and how to name the place after each."""

    rows: Sequence[Any]
    has_next_page: bool
    has_previous_page: bool
    cursor: Callable[[Any], str]


@dataclass(slots=True)
class Edge:
    """A row in its page."""

    node: Any
    page: Page

    @property
    def cursor(self) -> str:
        """The place after this row."""
        return self.page.cursor(self.node)


def edges(page: Page) -> list[Edge]:
    """A page's edges, for `column(of=edges)`. The compiled executor reads them from the page itself."""
    return [Edge(row, page) for row in page.rows]
