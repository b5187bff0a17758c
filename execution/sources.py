"""Where a field's values come from, for all objects of a level at once.

A source gives one value for each row, as a resolver would: a row, a list, something to await, or an exception instead.
"""

from asyncio import CancelledError, gather
from collections.abc import Awaitable, Callable, Generator, Sequence
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

from aiodataloader import DataLoader
from graphql.pyutils import is_awaitable

from execution import fields
from execution.arguments import Arguments
from execution.leaves import Column
from execution.loading import ask, load_at_once
from execution.places import FieldPlace
from execution.run import InfoOnDemand, Run

if TYPE_CHECKING:
    from execution.level import Field

Rows = Sequence[Any]


class Source:
    """Reads a field of some rows."""

    waits = False
    """Whether reading means to wait, so that fields side by side should wait together."""
    is_plain = False
    """Whether `quick` mostly has the values."""

    def quick(self, rows: Rows) -> Column | None:
        """The values, where they can be had at once and without a flaw."""
        return None

    async def read(self, run: Run, field: "Field", rows: Rows, place: FieldPlace) -> Column:
        """The values."""
        raise NotImplementedError


class Constant(Source):
    """The same for every row: `__typename`."""

    is_plain = True

    def __init__(self, value: object) -> None:
        self.value = value

    def quick(self, rows: Rows) -> Column | None:
        """The value as often as there are rows."""
        return [self.value] * len(rows)


class Read(Source):
    """An attribute of the row, or what a function makes of it, or another of all rows at once."""

    is_plain = True

    def __init__(self, get: Callable[[Any], Any], get_all: Callable[[Rows], Column] | None = None) -> None:
        self.get, self._get_all = get, get_all

    def quick(self, rows: Rows) -> Column | None:
        """The values, unless one raises."""
        try:
            return list(map(self.get, rows)) if self._get_all is None else self._get_all(rows)
        except Exception:
            return None

    async def read(self, run: Run, field: "Field", rows: Rows, place: FieldPlace) -> Column:
        """The values."""
        return column_of(self.get, rows)


class Batched(Source):
    """What a loader has for a key of the row: one batch for all rows."""

    waits = True

    def __init__(self, kind: type[Any], by: str | None) -> None:
        self.kind, self.by = kind, by
        self._key = attrgetter(by) if by else None

    def loader(self, run: Run) -> DataLoader[Any, Any]:
        """The run's loader. Raises what the arguments do."""
        raise NotImplementedError

    def keys(self, rows: Rows) -> Column:
        """The rows' keys; None where there is nothing to load, an exception where none can be had."""
        return [fields.ALONE] * len(rows) if self._key is None else column_of(self._key, rows)

    def taken(self, values: Column) -> Column:
        """What the field is of what was loaded."""
        return values

    def ask(self, run: Run, rows: Rows, load: Callable[..., Any] = ask) -> "Loading":
        """Put the keys into the loader's next batch."""
        keys = self.keys(rows)
        wanted = keys if all(map(_may_be_key, set(map(type, keys)))) else [k for k in keys if _may_be_key(type(k))]
        try:
            loader = self.loader(run)
            return Loading(self, keys, wanted, load(loader, wanted) if wanted else None)
        except Exception as error:
            return Loading(self, [error] * len(keys), [], None)

    async def read(self, run: Run, field: "Field", rows: Rows, place: FieldPlace) -> Column:
        """The values."""
        return await self.ask(run, rows, load_at_once if run.branches == 1 else ask)


class Loading:
    """A column on its way; it may be awaited."""

    def __init__(self, source: Batched, keys: Column, wanted: Column, values: Awaitable[Column] | None) -> None:
        self._source, self._keys, self._wanted, self._values = source, keys, wanted, values

    def __await__(self) -> Generator[Any, None, Column]:
        values: Column = []
        if self._values is not None:
            try:
                values = yield from self._values.__await__()
            except Exception as error:
                values = [error] * len(self._wanted)
        if self._wanted is not self._keys:
            loaded = iter(values)
            values = [next(loaded) if _may_be_key(type(key)) else key for key in self._keys]
        return self._source.taken(values)


def _may_be_key(kind: type) -> bool:
    return kind is not NoneType and not issubclass(kind, Exception)


class Loaded(Batched):
    """`fields.loaded`: what is loaded for the row's key, or an attribute of it."""

    def __init__(self, declared: "fields.Loaded") -> None:
        super().__init__(declared.loader, declared.by)
        self._take = attrgetter(declared.take) if declared.take else None

    def loader(self, run: Run) -> DataLoader[Any, Any]:
        """The declared one."""
        loader: DataLoader[Any, Any] = run.context.loaders[self.kind]
        return loader

    def taken(self, values: Column) -> Column:
        """What was loaded, or the attribute that is taken of it."""
        take = self._take
        if take is None:
            return values
        return [value if value is None or isinstance(value, Exception) else attempt(take, value) for value in values]


class Paged(Batched):
    """`fields.paged`: the page that the arguments say of each row's list."""

    def __init__(self, declared: "fields.Paged", arguments: Arguments) -> None:
        super().__init__(declared.lists, declared.by)
        self.arguments = arguments

    def loader(self, run: Run) -> DataLoader[Any, Any]:
        """The page's."""
        page: DataLoader[Any, Any] = run.context.loaders[self.kind].page(**self.arguments.of(run.variables))
        return page


class Resolved(Source):
    """An ordinary Strawberry resolver, called for each row."""

    def __init__(self, field: "Field", arguments: Arguments) -> None:
        assert field.strawberry is not None
        resolver = field.strawberry.base_resolver
        assert resolver is not None
        self.waits = resolver.is_async
        self.resolver, self.arguments = resolver, arguments
        self._info = resolver.info_parameter.name if resolver.info_parameter else None
        self._rows = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each]
        self._is_method = bool(resolver.self_parameter)

    async def read(self, run: Run, field: "Field", rows: Rows, place: FieldPlace) -> Column:
        """What the resolver returns, or raises."""
        given = None
        if self.arguments.are_shared:
            try:
                given = self.arguments.of(run.variables)
            except Exception as error:
                return [error] * len(rows)
        values = []
        for index, row in enumerate(rows):
            try:
                values.append(self._call(run, InfoOnDemand(run, field, place, index), row, given))
            except Exception as error:
                values.append(error)
        return await ready(values) if self.waits else values

    def _call(self, run: Run, info: InfoOnDemand, row: Any, given: dict[str, Any] | None) -> Any:
        arguments = {**(self.arguments.of(run.variables, info) if given is None else given)}
        for name in self._rows:
            arguments[name] = row
        if self._info:
            arguments[self._info] = info
        return self.resolver(row, **arguments) if self._is_method else self.resolver(**arguments)


class Called(Source):
    """Any resolver of graphql-core's, with whatever wraps it, called for each row."""

    waits = True

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments

    async def read(self, run: Run, field: "Field", rows: Rows, place: FieldPlace) -> Column:
        """What the resolver returns, or raises."""
        resolve = field.definition.resolve or run.executor.field_resolver
        values = []
        for index, row in enumerate(rows):
            try:
                values.append(resolve(row, run.info(field, place, index), **self.arguments.of(run.variables)))
            except Exception as error:
                values.append(error)
        return await ready(values)


def column_of(function: Callable[[Any], Any], rows: Rows) -> Column:
    """What the function makes of each row, or the exception that it raises."""
    try:
        return list(map(function, rows))
    except Exception:
        return [attempt(function, row) for row in rows]


def attempt(function: Callable[[Any], Any], value: Any) -> Any:
    """What the function makes of the value, or the exception that it raises."""
    try:
        return function(value)
    except Exception as error:
        return error


async def ready(values: Column) -> Column:
    """The values, having waited for those that must be awaited, together; an exception where one failed."""
    places = [index for index, value in enumerate(values) if is_awaitable(value)]
    if not places:
        return values
    if len(places) == 1:  # no task for one alone
        try:
            done = [await values[places[0]]]
        except Exception as error:
            done = [error]
    else:
        done = await gather(*(values[index] for index in places), return_exceptions=True)
    values = list(values)
    for index, value in zip(places, done, strict=True):
        if isinstance(value, CancelledError):
            raise value
        values[index] = value
    return values
