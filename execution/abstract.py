"""Interfaces and unions: each value goes to the level of its own type, all of a type together."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from graphql import GraphQLAbstractType
from graphql.execution import default_type_resolver
from graphql.pyutils import is_awaitable

from execution.complete import Completer, check_type, goes_by_class, some
from execution.leaves import Column, is_plain
from execution.places import Place
from execution.run import Run
from execution.sources import ready

if TYPE_CHECKING:
    from execution.level import Field, Level

_STOCK = {"strawberry.schema.schema_converter", "strawberry.types.union", default_type_resolver.__module__}
"""Where the ways to find a type come from that ask each possible type for its `is_type_of`, and look at nothing else
but attributes that only instances with a `__dict__` can have."""


class Abstract(Completer):
    """Objects of one of several types."""

    def __init__(self, nullable: bool, type_: GraphQLAbstractType, levels: "list[Level]") -> None:
        super().__init__(nullable)
        self.type = type_
        self.levels = {level.type.name: level for level in levels}
        self.waits = any(level.waits for level in levels)
        self._resolve: Any = type_.resolve_type or default_type_resolver
        is_stock = self._resolve.__module__ in _STOCK
        self._may_go_by_class = is_stock and all(goes_by_class(level.type) for level in levels)
        self._known: dict[type, Level] = {}

    async def complete(self, run: Run, field: "Field", values: Column, place: Place) -> Column:
        """What is selected of each object, by its type."""
        groups: defaultdict[Level, list[int]] = defaultdict(list)
        values = await ready(values)
        for index in self.present(run, field, values, place):
            level = self._known.get(type(values[index]))
            if level is None:
                try:
                    level = await self._find(run, field, values[index], place, index)
                except Exception as error:
                    run.fail(field, place, index, error)
                    continue
            groups[level].append(index)
        columns = await run.side_by_side([some(run, level, values, where, place) for level, where in groups.items()])
        done: Column = [None] * len(values)
        for indexes, column in zip(groups.values(), columns, strict=True):
            for index in indexes:
                done[index] = column[index]
        return done

    async def _find(self, run: Run, field: "Field", value: Any, place: Place, index: int) -> "Level":
        """The level of a value's type. Raises what graphql-core does."""
        info = run.info(field, place, index)
        name = self._resolve(value, info, self.type)
        if is_awaitable(name):
            name = await name
        type_ = run.executor.ensure_valid_runtime_type(name, self.type, field.details, info, value)
        await check_type(run, field, type_, value, place, index)
        level = self.levels[type_.name]
        if self._may_go_by_class and is_plain(value) and not type(value).__dictoffset__:
            self._known[type(value)] = level
        return level
