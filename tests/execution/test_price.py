from typing import Any

import pytest
from graphql import get_introspection_query, parse

from execution.price import MOST, compile_price
from tests.execution.schema import schema


def price(text: str, **variables: Any) -> int:
    document = parse(text)
    return compile_price(schema, document, document.definitions[0]).of(variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ hello }", 0),  # a leaf is free
        ("{ viewer { name } }", 1),  # what has fields costs 1
        ("{ __typename viewer { __typename } }", 1),
        ("{ feed { total } }", 1),  # what is declared
        ("{ feed { nodes { body } } }", 1),  # declared as free
        ("{ feed { nodes { liked } } }", 1 + 20 * 2),  # the schema's default
        ("{ feed(first: 3) { nodes { liked author { name } } } }", 1 + 3 * (2 + 1)),
        ("{ feed(first: 3) { nodes { author { posts(first: 5) { nodes { liked } } } } } }", 1 + 3 * (1 + 1 + 5 * 2)),
        ("{ feed(first: 0) { nodes { liked } } }", 1),
        ("{ feed(first: -7) { nodes { liked } } }", 1),
        ("{ feed(first: 5000) { nodes { liked } } }", 1 + 100 * 2),  # refused later, priced as the largest
        ("{ feed { nodes { comments { nodes { liked } } } } }", 1 + 20 * (3 + 100 * 2)),  # no default: the largest
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),  # each id is looked up
        ('{ nodes(ids: ["a", "b", "c"]) { ... on Post { liked } } }', 3 * (1 + 2)),
        ("{ nodes(ids: []) { id } }", 0),
        ('mutation { publish(body: "x") { liked } }', 12),
        ("subscription { published { liked } }", 1 + 2),
    ],
)
def test_a_price_is_the_declared_costs_times_the_pages(text: str, expected: int) -> None:
    assert price(text) == expected


@pytest.mark.parametrize(
    ("variables", "size"),
    [
        ({}, 7),
        ({"n": 3}, 3),
        ({"n": 3.0}, 3),
        ({"n": 101}, 100),
        ({"n": -1}, 0),
        ({"n": None}, 20),
        ({"n": "x"}, 100),
        ({"n": float("-inf")}, 0),
    ],
)
def test_a_page_is_as_large_as_its_variable_says(variables: dict[str, Any], size: int) -> None:
    assert price("query ($n: Int! = 7) { feed(first: $n) { nodes { liked } } }", **variables) == 1 + size * 2


def test_a_variable_that_is_not_given_leaves_the_schemas_default() -> None:
    assert price("query ($n: Int) { feed(first: $n) { nodes { liked } } }") == 1 + 20 * 2


def test_pages_in_pages_multiply_by_both_variables() -> None:
    text = (
        "query ($n: Int!, $m: Int!) { feed(first: $n) { nodes { author { posts(first: $m) { nodes { liked } } } } } }"
    )
    assert price(text, n=10, m=50) == 1 + 10 * (1 + 1 + 50 * 2)


@pytest.mark.parametrize(("ids", "times"), [([], 0), (["a"] * 4, 4), (["a"] * 900, 100), ("a", 1), (-3, 1)])
def test_a_list_of_ids_counts_by_its_variable(ids: Any, times: int) -> None:
    assert price("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { liked } } }", ids=ids) == times * 3


def test_fields_that_merge_count_once_in_fragments_too() -> None:
    text = """
        { feed(first: 2) { nodes { author { name } author { ...A } ...B ...B } } feed(first: 2) { total } }
        fragment A on User { friend { name } }
        fragment B on Post { author { friend { id } } }
    """
    assert price(text) == 1 + 2 * (1 + 1)


def test_aliases_count_each() -> None:
    assert price("{ a: viewer { name } b: viewer { name } viewer { name } }") == 3


def test_the_dearest_possible_type_counts() -> None:
    cheap, dear = "... on User { friend { id } }", "... on Post { liked author { friend { id } } }"
    assert price(f'{{ node(id: "a") {{ id {cheap} {dear} }} }}') == 1 + 4
    assert price(f'{{ node(id: "a") {{ id {cheap} }} }}') == 1 + 1
    assert price(f"{{ search(first: 3) {{ {cheap} {dear} ... on Node {{ id }} }} }}") == 5 + 3 * 4


def test_the_dearest_possible_type_may_depend_on_variables() -> None:
    text = """query ($n: Int!) { node(id: "a") {
        ... on User { posts(first: $n) { nodes { liked } } } ... on Post { comments(first: 2) { nodes { liked } } }
    } }"""
    assert [price(text, n=n) for n in (0, 3, 4, 50)] == [1 + 7, 1 + 7, 1 + 9, 1 + 101]


def test_a_skipped_field_counts_as_if_it_were_not() -> None:
    assert price("query ($no: Boolean!) { viewer @include(if: $no) { name } }", no=False) == 1


def test_doubled_fragments_cost_linear_time_and_a_bounded_number() -> None:
    fields = "a: author { posts(first: 100) { nodes { ...F%d } } } b: author { posts(first: 100) { nodes { ...F%d } } }"
    chain = [f"fragment F{n} on Post {{ {fields % (n + 1, n + 1)} }}" for n in range(60)]
    text = "{ feed { nodes { ...F0 } } }" + "".join(chain) + "fragment F60 on Post { liked }"
    assert price(text) == MOST
    assert price(text.replace("first: 100", "first: $n").replace("{ feed", "query ($n: Int) { feed"), n=100) == MOST


def test_introspecting_everything_is_affordable_and_many_times_is_not() -> None:
    everything = get_introspection_query()
    assert 100 < price(everything) < 1000
    assert price(everything) > 20 * price("{ __schema { types { name } } }")
    fields = "types { fields { type { fields { name } } } }"
    aliases = " ".join(f"a{n}: {fields}" for n in range(20))
    assert price(f"{{ __schema {{ {aliases} }} }}") == pytest.approx(
        20 * price(f"{{ __schema {{ {fields} }} }}"), rel=0.1
    )
