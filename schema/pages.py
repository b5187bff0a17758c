"""Connections: the GraphQL Cursor Connections Specification, with `nodes` as a shortcut."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import strawberry

from execution import pages
from execution.fields import Cursor, column, resolved
from execution.pages import Page
from loaders.context import Info

T = TypeVar("T")


def _first(page: Page) -> str | None:
    return page.cursor(page.rows[0]) if page.rows else None


def _last(page: Page) -> str | None:
    return page.cursor(page.rows[-1]) if page.rows else None


def _nodes(page: Page) -> Sequence[Any]:
    return page.rows


async def _live_cursor(info: Info) -> str:
    return info.context.live_cursor


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = column("Whether there is more after this page: ask for it with `after: endCursor`.")
    has_previous_page: bool = column(
        "Whether this page was asked for with `after`, so that there is something before it."
    )
    start_cursor: Cursor | None = column("The place after the first row; null on an empty page.", of=_first)
    end_cursor: Cursor | None = column("The place after the last row; null on an empty page.", of=_last)


@strawberry.type(description="A row in its page.")
class Edge(Generic[T]):
    """A row in its page."""

    cursor: Cursor = column("The place after this row: pass it as `after` to go on from here.")
    node: T = column("The row itself.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    """One page of a list."""

    edges: list[Edge[T]] = column("The page's rows with their cursors.", of=pages.edges)
    nodes: list[T] = column("The page's rows without cursors: a shortcut for `edges { node }`.", of=_nodes)
    page_info: PageInfo = column("Where the page stands in its list.", of=lambda page: page)


@strawberry.type(description="One page of a list that can go live.")
class LiveConnection(Connection[T]):
    """One page of a list that can go live."""

    live_cursor: Cursor = resolved(
        _live_cursor,
        "The place in the stream of events at which this page was read: pass it to the subscription's `after`, and "
        "nothing falls in between.",
        public=True,
        cost=0,
    )
