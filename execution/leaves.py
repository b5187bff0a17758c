"""Scalars and enums, a whole column at a time.

Where the types of all values say that serialising changes nothing, or that it is a look into a dictionary, a column is
done without looking at one value. Everything else is left to graphql-core, value by value.
"""

from collections.abc import Callable
from math import isfinite
from types import GeneratorType, NoneType
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)
from graphql.pyutils import is_awaitable

Column = list[Any]
Leaf = GraphQLScalarType | GraphQLEnumType
Quick = Callable[[Column], Column | None]


def as_is(value: Any) -> Any:
    """Serialise a scalar by leaving it to the JSON encoder: `strawberry.scalar(serialize=as_is)`."""
    return value


def quick(type_: Leaf, nullable: bool) -> Quick:
    """A function that serialises a column at once, or gives None where each value must be looked at."""
    nulls = {NoneType} if nullable else set()
    if type_ in _BUILT_IN:
        exact, check = _BUILT_IN[type_]
        return _exact(frozenset({exact, *nulls}), check)
    if isinstance(type_, GraphQLEnumType):
        return _looked_up(_names(type_), nulls)
    return _converted(type_.coerce_output_value, nulls)


def is_plain(value: Any) -> bool:
    """Whether a value, and every other of its class, is one to complete: no null, no error, nothing to await."""
    return not (value is None or value is Undefined or isinstance(value, Exception | GeneratorType)) and not (
        is_awaitable(value)
    )


def _exact(types: frozenset[type], check: Callable[[Column], bool] | None) -> Quick:
    def serialise(column: Column) -> Column | None:
        return column if types.issuperset(map(type, column)) and (check is None or check(column)) else None

    return serialise


def _looked_up(names: list[tuple[Any, str]], nulls: set[type]) -> Quick:
    types = {type(value) for value, _ in names} | nulls
    found: dict[Any, str | None] = {None: None, **dict(names)}

    def serialise(column: Column) -> Column | None:
        if not types.issuperset(map(type, column)):
            return None
        try:
            return [found[value] for value in column]
        except (KeyError, TypeError):
            return None

    return serialise


def _converted(coerce: Callable[[Any], Any], nulls: set[type]) -> Quick:
    types = set(nulls)

    def serialise(column: Column) -> Column | None:
        if not types.issuperset(map(type, column)):
            if not all(is_plain(value) or type(value) in nulls for value in column):
                return None
            types.update(map(type, column))
        if coerce is as_is:
            return column
        try:
            done = [value if value is None else coerce(value) for value in column]
        except Exception:
            return None
        return None if Undefined in done or done.count(None) != column.count(None) else done

    return serialise


def _names(type_: GraphQLEnumType) -> list[tuple[Any, str]]:
    """What resolvers may return, the values or the members of Strawberry's enum class, with their names."""
    members = getattr(type_, "wrapped_cls", None)
    names = []
    for each in type_.values.values():
        for value in (each.value, members(each.value)) if members else (each.value,):
            try:
                hash(value)
                names.append((value, type_.coerce_output_value(value)))
            except Exception:  # noqa: S112 - graphql-core will say so when such a value comes
                continue
    return names


def _is_32_bit(column: Column) -> bool:
    numbers = [number for number in column if number is not None] if None in column else column
    return not numbers or (min(numbers) >= GRAPHQL_MIN_INT and max(numbers) <= GRAPHQL_MAX_INT)


def _is_finite(column: Column) -> bool:
    return all(number is None or isfinite(number) for number in column)


_BUILT_IN: dict[Leaf, tuple[type, Callable[[Column], bool] | None]] = {
    GraphQLString: (str, None),
    GraphQLID: (str, None),
    GraphQLBoolean: (bool, None),
    GraphQLInt: (int, _is_32_bit),
    GraphQLFloat: (float, _is_finite),
}
