"""Where values stand in the response. A level has many values and few places: paths are made when they are asked for.

A place stands for a list of positions, the same ones as the values that are worked on: `trace(3)` leads from the
response's root to the fourth.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from graphql import GraphQLObjectType
from graphql.pyutils import Path


class Step(NamedTuple):
    """From an object to one of its fields, or from a list to one of its items."""

    key: str | int
    order: int
    """How many siblings stand before it in the response."""
    nullable: bool
    """Whether a null may stand there; otherwise a failure goes on to what holds it."""
    parent: str | None
    """The type of the object that it leads from."""


Trace = list[Step]


class Place:
    """The root of the response: one position."""

    __slots__ = ()

    def trace(self, index: int) -> Trace:
        """The way from the root to the position."""
        return []


class FieldPlace(Place):
    """A field of each of some objects."""

    __slots__ = ("name", "nullable", "of", "order", "parent")

    def __init__(self, of: Place, name: str, order: int, nullable: bool, parent: GraphQLObjectType) -> None:
        self.of, self.name, self.order, self.nullable, self.parent = of, name, order, nullable, parent

    def trace(self, index: int) -> Trace:
        """The way from the root to the position."""
        return [*self.of.trace(index), Step(self.name, self.order, self.nullable, self.parent.name)]


class ItemPlace(Place):
    """The items of some lists, one list after the other; list `n` ends before item `ends[n]`."""

    __slots__ = ("ends", "nullable", "of")

    def __init__(self, of: Place, ends: Sequence[int], nullable: bool) -> None:
        self.of, self.ends, self.nullable = of, ends, nullable

    def trace(self, index: int) -> Trace:
        """The way from the root to the position."""
        number = bisect_right(self.ends, index)
        item = index - (self.ends[number - 1] if number else 0)
        return [*self.of.trace(number), Step(item, item, self.nullable, None)]


class SomePlace(Place):
    """Some of another place's positions."""

    __slots__ = ("indexes", "of")

    def __init__(self, of: Place, indexes: Sequence[int]) -> None:
        self.of, self.indexes = of, indexes

    def trace(self, index: int) -> Trace:
        """The way from the root to the position."""
        return self.of.trace(self.indexes[index])


def field_path(trace: Trace) -> Path:
    """The path of the field that a position belongs to, as resolvers see it: without the indexes in its own list."""
    path = None
    while trace and trace[-1].parent is None:
        trace = trace[:-1]
    for step in trace:
        path = Path(path, step.key, step.parent)
    assert path is not None
    return path
