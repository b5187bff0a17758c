"""SQLAlchemy Core statements as text, compiled once, and the light rows that they give."""

from collections import namedtuple
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A statement's text, its parameters `numbered` as in `$1` or else as `%s`, and the class of its rows."""

    sql: str
    numbered: bool
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    row: Any

    def bind(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters' values in order. Raises KeyError where one is missing."""
        values = {**self.constants, **parameters}
        return [values[name] for name in self.names]

    def rows(self, tuples: Iterable[tuple[Any, ...]]) -> list[Any]:
        """The tuples as rows that know their columns and their model."""
        return list(map(tuple.__new__, repeat(self.row), tuples))


@lru_cache(maxsize=1024)
def compiled(statement: Any, *, numbered: bool = True) -> Compiled:
    """A statement's text and row class. Statements are constants of their loaders, so the cache stays small."""
    style = PGDialect_psycopg(paramstyle="numeric_dollar" if numbered else "format")  # type: ignore[no-untyped-call]
    text = statement.compile(dialect=style)
    columns = tuple(column.keyname for column in text._result_columns)
    entity = _entity(statement)
    model = inspect(entity).mapper.class_ if entity else None
    constants = {name: bind.effective_value for bind, name in text.bind_names.items() if not bind.required}
    return Compiled(str(text), numbered, tuple(text.positiontup or ()), constants, _row_class(model, columns))


def _entity(statement: Any) -> Any:
    """What its rows are rows of, their columns being all or some of it; None where they aren't of one thing."""
    if statement.is_dml:
        return statement.entity_description.get("entity")
    selected = getattr(statement, "column_descriptions", ())  # a UNION has none
    return next((each["expr"] for each in selected if each["expr"] is each.get("entity")), None)


@lru_cache(maxsize=1024)
def _row_class(model: type | None, columns: tuple[str, ...]) -> Any:
    row = namedtuple(model.__name__ if model else "Row", columns)  # type: ignore[misc]
    row.model = model  # type: ignore[attr-defined]
    return row


def model_of(row: object) -> type | None:
    """The model of a row, be it light or an entity."""
    return getattr(type(row), "model", type(row))
