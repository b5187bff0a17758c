"""Edges of pages without edge objects: an edge's node is the page's row, and its cursor is the page's word for it."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, cast

from execution.complete import Lists, cut, ends_of
from execution.leaves import Column
from execution.level import Field, Level
from execution.pages import Page
from execution.places import FieldPlace, ItemPlace, Place
from execution.run import Run
from execution.sources import Rows, Source, attempt

_PAGES = frozenset({Page})


class Edges(list[Any]):
    """The nodes of some pages, one page after the other, standing for their edges as rows of a level."""

    def __init__(self, pages: Sequence[Page]) -> None:
        super().__init__(chain.from_iterable([page.rows for page in pages]))
        self.pages = pages


class Node(Source):
    """`Edge.node` of `Edges`."""

    is_plain = True

    def quick(self, rows: Rows) -> Column | None:
        """The rows themselves."""
        return cast("Edges", rows)

    async def read(self, run: Run, field: Field, rows: Rows, place: FieldPlace) -> Column:
        """The rows themselves."""
        return cast("Edges", rows)


class Cursor(Source):
    """`Edge.cursor` of `Edges`."""

    is_plain = True

    def quick(self, rows: Rows) -> Column | None:
        """The cursors, unless one raises."""
        try:
            return [page.cursor(row) for page in cast("Edges", rows).pages for row in page.rows]
        except Exception:
            return None

    async def read(self, run: Run, field: Field, rows: Rows, place: FieldPlace) -> Column:
        """The cursors."""
        return [attempt(page.cursor, row) for page in cast("Edges", rows).pages for row in page.rows]


SOURCES: dict[str, Source] = {"node": Node(), "cursor": Cursor()}
"""The attributes of `pages.Edge`."""


class EdgesField(Field):
    """A field that lists a page's edges: `of=pages.edges`."""

    def __init__(self, field: Field, edges: Level) -> None:
        super().__init__(field.name, field.order, field.parent, field.definition, field.details)
        self.nullable, self.source, self.completer = field.nullable, field.source, field.completer
        self.edges = edges
        """The edges' fields, read from `Edges`."""

    def quick(self, rows: Rows) -> Column | None:
        """The lists of edges, unless there is something else than pages, or something that must be looked at."""
        if not _PAGES.issuperset(map(type, rows)):
            return None
        objects = self.edges.quick(Edges(rows))
        return None if objects is None else cut(objects, _ends(rows))

    async def column(self, run: Run, rows: Rows, place: Place) -> Column:
        """The lists of edges."""
        if not _PAGES.issuperset(map(type, rows)):
            return await super().column(run, rows, place)
        edges, ends = Edges(rows), _ends(rows)
        objects: Column = []
        if edges:
            nullable = cast("Lists", self.completer).of.nullable
            objects = await self.edges.objects(run, edges, ItemPlace(self.at(place), ends, nullable))
        return cut(objects, ends)


def _ends(pages: Sequence[Page]) -> list[int]:
    return ends_of([page.rows for page in pages])
