"""What every other test relies on: a query that the executors answer differently doesn't go unnoticed."""

from dataclasses import dataclass
from typing import Any

import pytest
import strawberry

from execution.admission import Limits
from execution.compiled import Plans
from execution.documents import Documents
from execution.reference import Reference
from tests.second_opinion import SecondOpinion


@strawberry.type
class Query:
    @strawberry.field
    def says(self, info: strawberry.Info) -> str:
        return info.context.says


schema = strawberry.Schema(Query)._schema


@dataclass
class Context:
    """What an operation is executed with; another for each execution."""

    said: list[str]
    live_cursor: str = ""

    @property
    def says(self) -> str:
        return self.said.pop(0)

    def afresh(self) -> "Context":
        return Context(self.said)


async def ask(executor: Any, *said: str) -> list[str]:
    """What is noted of a query whose executions give these answers."""
    operation = Documents(schema, Limits()).get("{ says }")
    answer = await SecondOpinion(executor).execute(operation, Context(list(said)))  # type: ignore[arg-type]
    assert answer.data == {"says": said[0]}
    differences = list(SecondOpinion.differences)
    SecondOpinion.differences.clear()
    return differences


@pytest.mark.parametrize("executor", [Plans(schema), Reference(schema)])
async def test_a_difference_is_noted_unless_it_goes_away(executor):
    assert await ask(executor, "a", "a") == []
    assert await ask(executor, "a", "b", "c", "c") == []
    [difference] = await ask(executor, *"abababababab")
    assert difference.startswith("{ says } with None: ")


async def test_where_statements_are_counted_nobody_else_is_asked(statements):
    assert await ask(Plans(schema), "a") == []
    assert not SecondOpinion.is_asked


async def test_the_application_asks_both(api, monkeypatch):
    asked = []
    compare = SecondOpinion._compare

    async def noted(self, answer, failures, operation, *given):
        asked.append(operation.text)
        await compare(self, answer, failures, operation, *given)

    monkeypatch.setattr(SecondOpinion, "_compare", noted)
    await api("{ latest(first: 1) { nodes { id } } rateLimit { cost resetAt } }")
    assert len(asked) == 1
