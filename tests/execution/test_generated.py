"""Thousands of operations that nobody would write, on the demo world: nobody can tell the executors apart.

2,000 of them by default; for a long night, 50,000, or others by another seed:

    STARLING_ORACLE_OPERATIONS=50000 STARLING_ORACLE_SEED=2 uv run pytest tests/execution/test_generated.py -s
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import ExecutionResult
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from execution.admission import Limits
from execution.documents import Documents, Refused
from resolvers import limits
from schema.root import schema
from tests.execution.conftest import Contexts
from tests.execution.operations import CLOTHES, Made, Values, made_up
from tests.execution.oracle import Oracle, text

GENERATED = int(os.environ.get("STARLING_ORACLE_OPERATIONS", "2000"))
SEED = int(os.environ.get("STARLING_ORACLE_SEED", "1"))
PARTS = 8
CONTEXTS = st.tuples(st.sampled_from(("ada", "charles", "ada", None)), st.none() | st.integers(1, 10**6))
"""Who asks, and the seed of what fails, if anything does."""
DOCUMENTS = Documents(schema._schema, Limits(), size=1)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(0),
    # graphql-core leaves what stands beside a failed field unawaited
    pytest.mark.filterwarnings("ignore:coroutine", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Still(datetime):
    """A clock that stands, so that `rateLimit { resetAt }` is the same twice."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture(params=range(PARTS))
def part(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """A part of the operations, made up by a seed of its own: counts what they were like, and holds that to account."""
    seen: Counter[str] = Counter()
    seed(f"{SEED} {request.param}")(test_generated_queries_are_answered_alike)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "datetime", Still)
        yield seen
    print(dict(seen))  # noqa: T201
    executed = seen["executed"]
    assert executed + seen["refused"] >= GENERATED // PARTS
    assert seen["refused"] < executed / 10
    assert seen["has data"] > executed / 3
    assert seen["has nulls"] > executed / 8
    assert seen["has data and errors"] > executed / 25
    assert seen["was refused its variables"] < executed / 5
    assert seen["same"] + seen["same, with errors"] > executed * 0.8


@pytest.fixture(scope="module")
def operations(values: Values) -> st.SearchStrategy[list[Made]]:
    """Queries over our schema."""
    return made_up(schema._schema, values, SEED)


@settings(
    max_examples=GENERATED // PARTS // CLOTHES,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
async def test_generated_queries_are_answered_alike(
    contexts: Contexts, operations: st.SearchStrategy[list[Made]], part: Counter[str], data: st.DataObject
) -> None:
    for made in data.draw(operations, "operations"):
        context = contexts(*data.draw(CONTEXTS, "viewer, faults"))
        try:
            operation = DOCUMENTS.get(made.text)
            DOCUMENTS.charge(operation, made.variables)
        except Refused:
            part["refused"] += 1
            continue
        oracle = Oracle(schema._schema, context)
        async with asyncio.timeout(30):
            answer = await oracle.agree(operation, made.variables)
        part.update(["executed", *oracle.seen.elements(), *features(answer)])


def features(answer: ExecutionResult) -> Iterator[str]:
    """What an answer was like."""
    if answer.data is None and not any(error.path for error in answer.errors or ()):
        yield "was refused its variables"
    if answer.data is not None and "null" in text(answer.data):
        yield "has nulls"
    if has_data := any(answer.data.values()) if answer.data else False:
        yield "has data"
    if answer.errors:
        yield "has data and errors" if has_data else "has errors alone"
