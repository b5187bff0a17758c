"""What went wrong in a run, and what that does to the answer.

Levels only note where a value failed, and put None there. When all is done, `settle` does what graphql-core does while
it goes: a failure nulls the nearest position around it that is nullable, and of the failures beneath a nulled position
those that stand before the one that nulled it are told, in the order of the response. So errors don't depend on which
batch came first; graphql-core's do, where fields wait, and can differ in order and in which of several failures that
null the same position is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLError, located_error

from execution.places import Place, Trace

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that isn't there because of an error."""

    error: Exception
    nodes: list[FieldNode]
    place: Place
    index: int


def settle(data: dict[str, Any], failures: Sequence[Failure]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The answer with nulls where they must be, and its errors."""
    traced = [(failure.place.trace(failure.index), failure) for failure in failures]
    traced.sort(key=lambda pair: [step.order for step in pair[0]])
    nulled: set[Path] = set()
    errors = []
    for trace, failure in traced:
        path = nulls(trace)
        if any(path[:length] in nulled for length in range(len(path) + 1)):
            continue
        nulled.add(path)
        errors.append(located_error(failure.error, failure.nodes, [step.key for step in trace]))
    for path in nulled:
        _set_null(data, path)
    return None if () in nulled else data, errors


def nulls(trace: Trace) -> Path:
    """The position that becomes null when the one at the trace's end fails; `()` is the whole answer."""
    length = len(trace)
    while length and not trace[length - 1].nullable:
        length -= 1
    return tuple(step.key for step in trace[:length])


def _set_null(data: Any, path: Path) -> None:
    for key in path[:-1]:
        data = data[key]
        if data is None:
            return
    if path:
        data[path[-1]] = None
