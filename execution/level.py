"""A level: all objects of one type in one place of an operation, and their fields, each read for all at once."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

from graphql import FieldNode, GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from strawberry.types.field import StrawberryField

from execution.complete import Completer
from execution.leaves import Column
from execution.places import FieldPlace, Place
from execution.run import Run
from execution.sources import Batched, Source

Row = Any
Result = dict[str, Any]


class Field:
    """A field of a level, by its name in the response: where its values come from, and what is made of them."""

    source: Source
    completer: Completer

    def __init__(
        self, name: str, order: int, parent: GraphQLObjectType, definition: GraphQLField, details: list[FieldDetails]
    ) -> None:
        self.name, self.order, self.parent = name, order, parent
        self.definition, self.details = definition, details
        self.nodes: list[FieldNode] = [each.node for each in details]
        self.strawberry: StrawberryField | None = definition.extensions.get("strawberry-definition")
        self.nullable = False

    @property
    def waits(self) -> bool:
        """Whether it has to wait for something, itself or further down."""
        return self.source.waits or self.completer.waits

    @property
    def is_plain(self) -> bool:
        """Whether `quick` mostly has the column."""
        return self.source.is_plain and self.completer.is_plain

    @property
    def is_shallow(self) -> bool:
        """Whether it waits for one batch and for nothing after that."""
        return isinstance(self.source, Batched) and not self.completer.waits

    def at(self, place: Place) -> FieldPlace:
        """Where its values stand, given where the objects do."""
        return FieldPlace(place, self.name, self.order, self.nullable, self.parent)

    def quick(self, rows: Sequence[Row]) -> Column | None:
        """The whole column, where it is a plain one and nothing is the matter with it."""
        values = self.source.quick(rows)
        return None if values is None else self.completer.quick(values)

    async def column(self, run: Run, rows: Sequence[Row], place: Place) -> Column:
        """The field of each row, completed; None where there is nothing."""
        return await self.complete(run, await self.source.read(run, self, rows, self.at(place)), place)

    async def complete(self, run: Run, values: Column, place: Place) -> Column:
        """What becomes of the values; None where there is nothing."""
        column = self.completer.quick(values) if self.completer.is_plain else None
        return await self.completer.complete(run, self, values, self.at(place)) if column is None else column


class Level:
    """The fields that are selected of a type's objects."""

    def __init__(self, type_: GraphQLObjectType) -> None:
        self.type = type_
        self.fields: list[Field] = []
        self.waits = self.is_plain = False
        self._build: Callable[..., list[Result]] = list

    def set(self, fields: list[Field]) -> None:
        """Take these fields, in the order of the response."""
        self.fields = fields
        self.is_plain = all(field.is_plain for field in fields)
        self._plain = [field for field in fields if field.is_plain]
        self._still = [field for field in fields if not field.waits]
        waiting = [field for field in fields if field.waits]
        self._shallow = [field for field in waiting if field.is_shallow] if len(waiting) > 1 else []
        self._deep = [field for field in waiting if field not in self._shallow]
        self.waits = bool(waiting)
        self._build = builder(tuple(field.name for field in fields))

    def quick(self, rows: Sequence[Row]) -> list[Result] | None:
        """What the response has for each row, unless something about them must be looked at."""
        if not rows:
            return []
        columns = []
        for field in self.fields:
            column = field.quick(rows)
            if column is None:
                return None
            columns.append(column)
        return self._build(rows, columns)

    async def objects(self, run: Run, rows: Sequence[Row], place: Place) -> list[Result]:
        """What the response has for each row."""
        asked = [(field, cast("Batched", field.source).ask(run, rows)) for field in self._shallow]
        columns: list[Column | None] = [None] * len(self.fields)
        for field in self._plain:
            columns[field.order] = field.quick(rows)
        for field in self._still:
            if columns[field.order] is None:
                columns[field.order] = await field.column(run, rows, place)
        if self._deep:
            done = await run.side_by_side([field.column(run, rows, place) for field in self._deep])
            for field, column in zip(self._deep, done, strict=True):
                columns[field.order] = column
        for field, loading in asked:
            columns[field.order] = await field.complete(run, await loading, place)
        return self._build(rows, columns)

    async def serially(self, run: Run, row: Row, place: Place) -> list[Result]:
        """The same for one row, a field with all that is below it before the next: a mutation.

        Nothing more is done once the whole answer is null.
        """
        columns = [[None] if run.is_lost else await field.column(run, [row], place) for field in self.fields]
        return self._build([row], columns)


@lru_cache(maxsize=4096)
def builder(names: tuple[str, ...]) -> Callable[[Sequence[Row], Sequence[Column | None]], list[Result]]:
    """A function that makes dicts with these keys of columns: `[{"id": a, "body": b} for a, b in zip(*columns)]`.

    This is the one piece of code that is put together as text: half of a run's time goes into making dicts, and a dict
    display takes half as long as `dict(zip(names, values))`. Names are GraphQL's, and they are quoted.
    """
    if not names:
        return lambda rows, _columns: [{} for _ in rows]
    values = [f"v{number}" for number in range(len(names))]
    pairs = ", ".join(f"{name!r}: {value}" for name, value in zip(names, values, strict=True))
    each = "v0 in columns[0]" if len(values) == 1 else f"{', '.join(values)} in zip(*columns)"
    code = f"lambda rows, columns: [{{{pairs}}} for {each}]"
    return eval(code)  # type: ignore[no-any-return]  # noqa: S307
