"""What the compiled executor remembers, and what it leaves to graphql-core."""

from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema, build_schema, specified_directives
from graphql.type.directives import GraphQLDisableErrorPropagationDirective

from execution.admission import Limits
from execution.compiled import Plans
from execution.documents import Documents
from execution.reference import Reference
from tests.execution.oracle import all_shown, text


@strawberry.type
class Query:
    @strawberry.field
    def number(self, of: int = 1) -> int:
        if of < 0:
            raise ValueError("negative")
        return of

    @strawberry.field
    def again(self) -> "Query":
        return Query()


schema = strawberry.Schema(Query)._schema
LEFT = [
    ("{ __schema { queryType { name } } number }", {}, "introspection"),
    ('{ __type(name: "Query") { name } }', {}, "introspection"),
    ("query ($v: Boolean = true) { number @skip(if: $v) }", {"v": None}, "a condition without a value"),
]


@pytest.mark.parametrize(("query", "variables", "reason"), LEFT)
async def test_what_it_leaves_to_graphql_core_is_answered_alike_and_counted(query, variables, reason):
    plans, operation = Plans(schema), Documents(schema, Limits()).get(query)
    for times in (1, 2):
        ours = await plans.execute(operation, None, variables)
        theirs = await Reference(schema).execute(operation, None, variables)
        assert (text(ours.data), all_shown(ours)) == (text(theirs.data), all_shown(theirs))
        assert plans.unsupported == {reason: times}


async def test_errors_that_stay_where_they_are_are_left_to_graphql_core():
    directives = [*specified_directives, GraphQLDisableErrorPropagationDirective]
    extended = GraphQLSchema(schema.query_type, directives=directives)
    extended._strawberry_schema = schema._strawberry_schema
    plans = Plans(extended)
    operation = Documents(extended, Limits()).get(
        "query @experimental_disableErrorPropagation { again { number(of: -1) } }"
    )
    answer = await plans.execute(operation, None)
    assert answer.data == {"again": {"number": None}}
    assert plans.unsupported == {"no error propagation": 1}


@pytest.mark.parametrize("directive", ["@defer", "@stream"])
def test_deferred_and_streamed_parts_are_refused(directive):
    document = "{ ... %s { number } }" if directive == "@defer" else "{ number %s }"
    with pytest.raises(Exception, match=f"Unknown directive '{directive}'"):
        Documents(schema, Limits()).get(document % directive)


async def test_a_plan_serves_an_operation_under_the_same_conditions_again():
    plans = Plans(schema)
    operation = Documents(schema, Limits()).get("query ($v: Boolean!, $n: Int = 3) { number(of: $n) @skip(if: $v) }")
    plan = plans.get(operation, {"v": True})
    assert plans.get(operation, {"v": True, "n": 5}) is plan
    assert plans.get(operation, {"v": False}) is not plan
    assert (await plans.execute(operation, None, {"v": False})).data == {"number": 3}
    assert (await plans.execute(operation, None, {"v": True})).data == {}


async def test_the_least_recently_used_plans_are_forgotten_beyond_a_number_of_fields():
    plans, documents = Plans(schema, size=4), Documents(schema, Limits())
    first, second, third = (documents.get(f"{{ {name}: number again {{ number }} }}") for name in "abc")
    kept = plans.get(first, {})
    assert kept.size == 3
    forgotten = plans.get(second, {})
    assert plans.get(second, {}) is forgotten
    assert plans.get(first, {}) is not kept
    assert plans.get(third, {}).size == 3
    assert len(plans._plans) == 1
    assert plans._used == 3


class Odd:
    """Looks like an integer to nobody."""


@pytest.mark.parametrize("values", [["1", "2"], [1, None], [Odd()], [1, 2], [[1]], ["x", 3]])
async def test_a_schema_without_strawberry_is_answered_alike(values):
    plain = build_schema(
        """type Query { items: [Item] each: [Int!] kinds: [Kind] things: [Thing] }
        type Item implements Thing { n: Int } interface Thing { n: Int } enum Kind { A B } scalar Any"""
    )
    root: dict[str, Any] = {
        "items": [{"n": value} for value in values],
        "each": values,
        "kinds": ["A", *values],
        "things": [{"__typename": "Item", "n": 1}, {"__typename": "Odd"}, {}, *values],
    }
    operation = Documents(plain, Limits()).get("{ items { n } each kinds things { n __typename } }")
    plans = Plans(plain)
    ours = await plans.execute(operation, None, None, root)
    theirs = await Reference(plain).execute(operation, None, None, root)
    assert (text(ours.data), all_shown(ours)) == (text(theirs.data), all_shown(theirs))
    assert not plans.unsupported
