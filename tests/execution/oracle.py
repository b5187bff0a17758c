"""graphql-core as the oracle: an operation run through both executors must give the same answer."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    located_error,
    parse,
    validate,
)

from execution import plan, reference
from execution.collect import conditions
from execution.errors import Failure
from execution.plan import Plan, coerce, compile_plan

Position = tuple[str | int, ...]
Shown = tuple[str, Position, tuple[tuple[int, int], ...], type]
ATTEMPTS = 3


class Oracle:
    """Runs operations through both executors and says where they differ. Counts how alike the answers were."""

    def __init__(self, schema: GraphQLSchema, context: Callable[[], Any], root: Any = None) -> None:
        self.schema, self.context, self.root = schema, context, root
        self.seen: Counter[str] = Counter()

    async def compare(self, query: str, variables: dict[str, Any] | None = None, name: str | None = None):
        """The answer that both give."""
        document = parse(query)
        assert not (errors := validate(self.schema, document)), errors
        ours, failures = await self.run(document, variables, name)
        for attempt in range(ATTEMPTS):
            theirs = await reference.execute(self.schema, document, self.context(), variables, name)
            try:
                self.seen[difference(ours, theirs, failures)] += 1
                break
            except AssertionError:
                # A resolver that waits for two things at once raises what fails first, if both do.
                self.seen["at another attempt"] += 1
                if attempt == ATTEMPTS - 1:
                    raise
        return ours

    async def run(self, document, variables, name) -> tuple[ExecutionResult, list[Failure]]:
        """The compiled executor's answer, and everything that failed on the way."""
        operation = next(
            node
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode) and name in (None, node.name and node.name.value)
        )
        coerced = coerce(self.schema, operation, variables)
        if isinstance(coerced, ExecutionResult):
            return coerced, []
        values = {each: coerced.coerced[each] for each in conditions(document, operation)}
        compiled = compile_plan(self.schema, document, operation, values)
        return await recorded(compiled, self.context(), variables, self.root)


async def recorded(compiled: Plan, context: Any, variables: Any, root: Any) -> tuple[ExecutionResult, list[Failure]]:
    """The plan's answer, and all its failures."""
    found: list[Failure] = []

    def settle(data, failures):
        found.extend(failures)
        return original(data, failures)

    original = plan.settle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "settle", settle)
        return await compiled.run(context, variables, root), found


def difference(ours: ExecutionResult, theirs: ExecutionResult, failures: list[Failure]) -> str:
    """How alike two answers are, `same` at best; fails where that is more than the order of waiting explains.

    Where several failures null the same position, graphql-core tells the one that came first in time. So it may be any
    of those that we know of, and what is told of what lies beneath may differ.
    """
    assert text(ours.data) == text(theirs.data)
    our_errors, their_errors = (
        [shown(each) for each in ours.errors or ()],
        [shown(each) for each in theirs.errors or ()],
    )
    if our_errors == their_errors:
        return "same, with errors" if our_errors else "same"
    if sorted(our_errors, key=repr) == sorted(their_errors, key=repr):
        return "in another order"
    assert {nulled(theirs.data, each[1]) for each in their_errors} == {
        nulled(ours.data, each[1]) for each in our_errors
    }
    known = {shown(located(each)) for each in failures}
    assert set(our_errors) <= known
    assert set(their_errors) <= known, (their_errors, known)
    return "another of the failures that null the same"


def text(data: Any) -> str:
    """The data as a client gets it."""
    return json.dumps(data, default=str)


def shown(error: GraphQLError) -> Shown:
    """What an error says."""
    places = tuple((place.line, place.column) for place in error.locations or ())
    return error.message, tuple(error.path or ()), places, type(error.original_error)


def located(failure: Failure) -> GraphQLError:
    """The failure as an error."""
    path = [step.key for step in failure.place.trace(failure.index)]
    return located_error(failure.error, failure.nodes, path)


def nulled(data: Any, path: Position) -> Position:
    """The highest position on the path that is null."""
    for length, key in enumerate(path):
        if data is None:
            return path[:length]
        data = data[key]
    assert data is None
    return path
