"""What types have in common: scalars, and being a node."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from core import ids
from core.statements import model_of
from execution import fields
from execution.fields import Cursor, column
from execution.leaves import as_is

URL = NewType("URL", str)

row_type = partial(fields.row_type, model_of=model_of)


def _id(row: Any) -> str:
    return ids.encode(_kind(row), row.id)


def _ids(rows: Sequence[Any]) -> list[str]:
    """The ids of rows of one type."""
    kind = _kind(rows[0])
    return [f"{kind}_{row.id}" for row in rows]  # as `encode` has it, without the calls


def _kind(row: Any) -> str:
    model = model_of(row)
    return model.__name__.lower() if model else "row"


@strawberry.interface(description="Something with an id of its own, to be found again by `node(id:)`.")
class Node:
    """Something with an id of its own."""

    id: strawberry.ID = column(
        "Opaque; good for `node(id:)` and as an argument, e.g. `post_7301204912345678`.", of=_id, of_all=_ids
    )


def scalar(
    name: str, description: str, specification: str | None = None, parse: Callable[[Any], Any] = as_is
) -> ScalarDefinition:
    """A scalar that is a string on the wire; the JSON encoder writes what isn't one yet."""
    return strawberry.scalar(
        name=name, description=description, specified_by_url=specification, serialize=as_is, parse_value=parse
    )


def _moment(text: Any) -> datetime:
    """What a client means. Raises ValueError, TypeError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment with its time zone is needed")
    return moment


SCALARS: dict[object, ScalarDefinition] = {
    datetime: scalar(
        "DateTime",
        "A moment in UTC, after RFC 3339, e.g. `2026-05-04T09:30:00.123456Z`.",
        "https://www.rfc-editor.org/rfc/rfc3339",
        _moment,
    ),
    URL: scalar("URL", "An absolute URL, https, e.g. `https://example.org/ada.png`.", "https://url.spec.whatwg.org/"),
    Cursor: scalar("Cursor", "A place in a list or in the stream of events. Opaque: pass it back as you got it."),
}
