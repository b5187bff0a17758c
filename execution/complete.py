"""What becomes of values in the response, by the type that the schema gives them: completion, a column at a time."""

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLObjectType, Undefined
from graphql.execution import Executor
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import is_async_iterable, is_awaitable, is_iterable

from execution import leaves
from execution.leaves import Column, is_plain
from execution.places import ItemPlace, Place, SomePlace
from execution.run import Run
from execution.sources import ready

if TYPE_CHECKING:
    from execution.level import Field, Level


class Completer:
    """Makes of a column of values what stands in the response, None where nothing can."""

    waits = False
    is_plain = False
    """Whether `quick` mostly has the column."""

    def __init__(self, nullable: bool) -> None:
        self.nullable = nullable

    def quick(self, values: Column) -> Column | None:
        """The column, where it can be had at once and without a flaw."""
        return None

    async def complete(self, run: Run, field: "Field", values: Column, place: Place) -> Column:
        """The column."""
        raise NotImplementedError

    def present(self, run: Run, field: "Field", values: Column, place: Place) -> list[int]:
        """Where there is something; where there must be and isn't, that is noted."""
        found = []
        for index, value in enumerate(values):
            if isinstance(value, Exception):
                run.fail(field, place, index, value)
            elif value is not None and value is not Undefined:
                found.append(index)
            elif not self.nullable:
                run.fail(field, place, index, missing(field))
        return found


class Leaves(Completer):
    """Scalars or enums."""

    is_plain = True

    def __init__(self, nullable: bool, type_: leaves.Leaf) -> None:
        super().__init__(nullable)
        self.type = type_
        self._serialise = leaves.quick(type_, nullable)

    def quick(self, values: Column) -> Column | None:
        """The column serialised, unless a value must be looked at."""
        return self._serialise(values)

    async def complete(self, run: Run, field: "Field", values: Column, place: Place) -> Column:
        """Each value serialised."""
        done = self.quick(values)
        if done is not None:
            return done
        values = await ready(values)
        done = [None] * len(values)
        for index in self.present(run, field, values, place):
            try:
                done[index] = Executor.complete_leaf_value(self.type, values[index])
            except Exception as error:
                run.fail(field, place, index, error)
        return done


class Lists(Completer):
    """Lists of anything: their items are completed as one column."""

    def __init__(self, nullable: bool, of: Completer) -> None:
        super().__init__(nullable)
        self.of = of

    @property
    def waits(self) -> bool:  # type: ignore[override]
        """Whether the items make one wait."""
        return self.of.waits

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        """Whether the items mostly are."""
        return self.of.is_plain

    def quick(self, values: Column) -> Column | None:
        """The lists, unless there are others than lists and tuples, or an item that must be looked at."""
        if not _LISTS.issuperset(map(type, values)):
            return None
        items = self.of.quick(list(chain.from_iterable(values)))
        return None if items is None else cut(items, ends_of(values))

    async def complete(self, run: Run, field: "Field", values: Column, place: Place) -> Column:
        """The lists with their items completed."""
        if _LISTS.issuperset(map(type, values)):
            return await self._items(run, field, values, place)
        values = await ready(values)
        lists: Column = [()] * len(values)
        done: Column = [None] * len(values)
        for index in self.present(run, field, values, place):
            try:
                lists[index] = await _listed(field, values[index])
            except Exception as error:
                run.fail(field, place, index, error)
            else:
                done[index] = lists
        items = await self._items(run, field, lists, place)
        return [list_ if was is lists else None for was, list_ in zip(done, items, strict=True)]

    async def _items(self, run: Run, field: "Field", lists: Sequence[Sequence[Any]], place: Place) -> Column:
        items, ends = list(chain.from_iterable(lists)), ends_of(lists)
        if items:
            items = await self.of.complete(run, field, items, ItemPlace(place, ends, self.of.nullable))
        return cut(items, ends)


_LISTS = frozenset({list, tuple})


def ends_of(lists: Sequence[Sequence[Any]]) -> list[int]:
    """Where each list ends, with all of them written one after the other."""
    return list(accumulate(map(len, lists)))


def cut(items: Column, ends: list[int]) -> Column:
    """The lists that end there."""
    return [items[start:end] for start, end in pairwise((0, *ends))]


class Objects(Completer):
    """Objects of one type: rows of the next level."""

    def __init__(self, nullable: bool, level: "Level") -> None:
        super().__init__(nullable)
        self.level = level
        self._fitting: set[type] = set()

    @property
    def waits(self) -> bool:  # type: ignore[override]
        """Whether the level makes one wait."""
        return self.level.waits

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        """Whether all that is selected mostly is."""
        return self.level.is_plain

    def quick(self, values: Column) -> Column | None:
        """The objects, if they are known to be of the type, and nothing about them must be looked at."""
        return self.level.quick(values) if self._fitting.issuperset(map(type, values)) else None

    async def complete(self, run: Run, field: "Field", values: Column, place: Place) -> Column:
        """What is selected of each object."""
        if not self._fitting.issuperset(map(type, values)):
            values = await ready(values)
            self._fitting.update(kind for kind in set(map(type, values)) if self._fits(kind, values))
            if not self._fitting.issuperset(map(type, values)):
                return await self._with_care(run, field, values, place)
        return await self.level.objects(run, values, place)

    def _fits(self, kind: type, values: Column) -> bool:
        """Whether all instances of a class are objects of this type, as far as that is known without looking."""
        value = next(value for value in values if type(value) is kind)
        is_type_of: Any = self.level.type.is_type_of
        return is_plain(value) and (is_type_of is None or (goes_by_class(self.level.type) and is_type_of(value, None)))

    async def _with_care(self, run: Run, field: "Field", values: Column, place: Place) -> Column:
        right = []
        for index in self.present(run, field, values, place):
            try:
                await check_type(run, field, self.level.type, values[index], place, index)
            except Exception as error:
                run.fail(field, place, index, error)
            else:
                right.append(index)
        return await some(run, self.level, values, right, place)


async def check_type(run: Run, field: "Field", type_: GraphQLObjectType, value: Any, place: Place, index: int) -> None:
    """Raise graphql-core's error where a value isn't one of the type's objects."""
    if type_.is_type_of is None:
        return
    is_one = type_.is_type_of(value, run.info(field, place, index))
    if is_awaitable(is_one):
        is_one = await is_one
    if not is_one:
        raise invalid_return_type_error(type_, value, field.details)


async def some(run: Run, level: "Level", values: Column, indexes: list[int], place: Place) -> Column:
    """The level's objects for some of the values, None for the others."""
    done: Column = [None] * len(values)
    if indexes:
        rows = [values[index] for index in indexes]
        for index, found in zip(indexes, await level.objects(run, rows, SomePlace(place, indexes)), strict=True):
            done[index] = found
    return done


def goes_by_class(type_: GraphQLObjectType) -> bool:
    """Whether `is_type_of` looks at nothing but a value's class; see `fields.row_type`."""
    return getattr(type_.is_type_of, "goes_by_class", False)


def missing(field: "Field") -> TypeError:
    """What graphql-core says where there must be something and isn't."""
    return TypeError(f"Cannot return null for non-nullable field {field.parent}.{field.nodes[0].name.value}.")


async def _listed(field: "Field", value: Any) -> list[Any]:
    """A list of whatever there is to iterate. Raises what iterating does."""
    if is_async_iterable(value):
        return [item async for item in value]
    if not is_iterable(value):
        name = field.nodes[0].name.value
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.parent}.{name}'.")
    return list(value)
