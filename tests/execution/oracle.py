"""graphql-core as the oracle: an operation run through both executors must give the same answer."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, located_error

from execution import plan
from execution.admission import Limits
from execution.compiled import Plans
from execution.documents import Documents, Operation
from execution.errors import Failure, nulls, settle
from execution.reference import Reference

Position = tuple[str | int, ...]
Shown = tuple[str, Position, tuple[tuple[int, int], ...], type, str]
Answer = tuple[ExecutionResult, list[Failure]]
ATTEMPTS = 3

_failures: ContextVar[list[Failure] | None] = ContextVar("failures", default=None)


class Oracle:
    """Runs operations through both executors and says where they differ. Counts how alike the answers were."""

    def __init__(self, schema: GraphQLSchema, context: Callable[[], Any], root: Any = None) -> None:
        self.plans, self.reference = Plans(schema), Reference(schema)
        self.documents = Documents(schema, Limits(price=10**9))
        self.context, self.root = context, root
        self.seen: Counter[str] = Counter()

    async def compare(
        self, query: str, variables: dict[str, Any] | None = None, name: str | None = None
    ) -> ExecutionResult:
        """The answer that both give to an operation that needn't be admitted."""
        return await self.agree(self.documents.get(query, name), variables)

    async def agree(self, operation: Operation, variables: dict[str, Any] | None = None) -> ExecutionResult:
        """The answer that both give."""
        for attempt in range(ATTEMPTS):
            with recorded() as failures:
                ours = await self.plans.execute(operation, self.context(), variables, self.root)
            theirs = await self.reference.execute(operation, self.context(), variables, self.root)
            try:
                self.seen[difference(ours, theirs, failures)] += 1
                break
            except AssertionError:
                # A resolver that waits for two things at once raises what fails first, if both do.
                self.seen["at another attempt"] += 1
                if attempt == ATTEMPTS - 1:
                    raise
        assert not self.plans.unsupported, self.plans.unsupported
        return ours


@contextmanager
def recorded() -> Iterator[list[Failure]]:
    """All failures of the plans that are executed meanwhile."""
    found: list[Failure] = []
    token = _failures.set(found)
    try:
        yield found
    finally:
        _failures.reset(token)


def _settle(data: dict[str, Any], failures: list[Failure]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    found = _failures.get()
    if found is not None:
        found.extend(failures)
    return settle(data, failures)


plan.settle = _settle  # what a plan doesn't tell: every failure, and where it was


def difference(ours: ExecutionResult, theirs: ExecutionResult, failures: list[Failure]) -> str:
    """How alike two answers are, `same` at best; fails where that is more than the order of waiting explains.

    Where several failures null the same position, graphql-core tells the one that came first in time, and of those
    beneath it the ones that had come by then. See `execution.errors`.
    """
    assert text(ours.data) == text(theirs.data)
    our_errors, their_errors = map(all_shown, (ours, theirs))
    if our_errors == their_errors:
        return "same, with errors" if our_errors else "same"
    if sorted(our_errors, key=repr) == sorted(their_errors, key=repr):
        return "in another order"
    known = {shown(located(each)): nulls(each.place.trace(each.index)) for each in failures}
    must_be_one_that_timing_allows(our_errors, known)
    must_be_one_that_timing_allows(their_errors, known)
    return "another of the failures that null the same"


def must_be_one_that_timing_allows(errors: list[Shown], known: dict[Shown, Position]) -> None:
    """One error for each position that is null at last, and no two for one beneath it."""
    assert set(errors) <= known.keys(), (errors, known)
    told = Counter(known[each] for each in errors)
    assert set(told.values()) == {1}, told
    assert highest(told) == highest(known.values())


def highest(positions: Any) -> set[Position]:
    """Those that aren't beneath another."""
    every = set(positions)
    return {each for each in every if not any(each[:length] in every for length in range(len(each)))}


def text(data: Any) -> str:
    """The data as a client gets it."""
    return json.dumps(data, default=str)


def all_shown(result: ExecutionResult) -> list[Shown]:
    """What the errors say."""
    return list(map(shown, result.errors or ()))


def shown(error: GraphQLError) -> Shown:
    """What an error says."""
    places = tuple((place.line, place.column) for place in error.locations or ())
    return (
        error.message,
        tuple(error.path or ()),
        places,
        type(error.original_error),
        repr(error.extensions),
    )


def located(failure: Failure) -> GraphQLError:
    """The failure as an error."""
    path = [step.key for step in failure.place.trace(failure.index)]
    return located_error(failure.error, failure.nodes, path)
