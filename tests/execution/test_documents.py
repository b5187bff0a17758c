import gc
import weakref
from collections.abc import Callable
from typing import TypeVar

import pytest

from execution.admission import Limits
from execution.documents import Documents, Refused
from tests.execution.schema import schema

T = TypeVar("T")
TWO = 'query A { hello } mutation B { publish(body: "x") { id } }'


@pytest.fixture
def documents() -> Documents:
    return Documents(schema, Limits())


def messages(documents: Documents, text: str, operation_name: str | None = None) -> list[str]:
    with pytest.raises(Refused) as refusal:
        documents.get(text, operation_name)
    assert str(refusal.value) == "; ".join(error.message for error in refusal.value.errors)
    return [error.message for error in refusal.value.errors]


def test_an_operation_is_found_by_its_name(documents: Documents) -> None:
    query, mutation = documents.get(TWO, "A"), documents.get(TWO, "B")
    assert (query.kind, query.definition.name.value, query.text) == ("query", "A", TWO)
    assert (mutation.kind, mutation.definition.name.value) == ("mutation", "B")
    assert documents.get("subscription { published { id } }").kind == "subscription"
    assert documents.get("query Only { hello }").definition.name.value == "Only"


def test_an_operation_that_cannot_be_chosen_is_refused(documents: Documents) -> None:
    assert messages(documents, TWO) == ["Must provide operation name if query contains multiple operations."]
    assert messages(documents, TWO, "C") == ['Unknown operation named "C".']
    assert messages(documents, TWO, "") == ['Unknown operation named "".']
    assert messages(documents, "{ hello }", "A") == ['Unknown operation named "A".']


@pytest.mark.parametrize("text", ["", " ", "# nothing", "{", "hello", "{ hello(", '"', "\x00", "{ \ud800 }"])
def test_what_is_no_graphql_is_a_syntax_error_with_its_place(documents: Documents, text: str) -> None:
    with pytest.raises(Refused) as refusal:
        documents.get(text)
    (error,) = refusal.value.errors
    assert error.message.startswith("Syntax Error: ")
    assert error.locations


def test_validation_errors_have_places_and_stop_after_a_few(documents: Documents) -> None:
    with pytest.raises(Refused) as refusal:
        documents.get("{ hello helo }")
    assert refusal.value.errors[0].message == "Cannot query field 'helo' on type 'Query'. Did you mean 'hello'?"
    assert refusal.value.errors[0].locations == [(1, 9)]
    assert len(messages(documents, "{" + " ".join(f"x{n}" for n in range(20)) + "}")) == 6


def test_a_fragment_alone_is_no_operation(documents: Documents) -> None:
    assert messages(documents, "fragment A on Query { hello }") == ["Fragment 'A' is never used."]


def test_an_operation_is_prepared_once_and_is_the_same_object(documents: Documents) -> None:
    operation = documents.get("{ hello }")
    assert documents.get("{ hello }") is operation
    assert documents.get("{ hello } ") is not operation
    assert {operation: "a plan"}[documents.get("{ hello }")]


def test_a_refusal_is_not_remembered(documents: Documents) -> None:
    for text in ("{", "{ helo }", TWO, "{ a: hello " * 100):
        messages(documents, text)
    assert not documents._remembered


def test_the_least_recently_asked_for_is_forgotten() -> None:
    documents = Documents(schema, Limits(), size=2)
    first, second = documents.get("{ hello }"), documents.get("{ a: hello }")
    documents.get("{ hello }")
    documents.get("{ b: hello }")
    assert documents.get("{ hello }") is first
    assert documents.get("{ a: hello }") is not second


def test_what_is_remembered_takes_a_bounded_memory() -> None:
    documents = Documents(schema, Limits(), memory=200_000)
    for number in range(50):
        documents.get(f'{{ node(id: "{"x" * 9_000}{number}") {{ id }} }}')
    assert 10 < len(documents._remembered) < 200_000 // 9_000
    assert documents._used == sum(operation.memory for operation in documents._remembered.values()) <= 200_000
    larger = Documents(schema, Limits(), memory=100)
    assert larger.get("{ hello }").kind == "query"
    assert (larger._used, len(larger._remembered)) == (0, 0)


def test_a_plan_may_hang_on_an_operation_weakly() -> None:
    documents = Documents(schema, Limits(), size=1)
    plans = weakref.WeakKeyDictionary({documents.get("{ hello }"): "a plan"})
    assert plans[documents.get("{ hello }")] == "a plan"
    documents.get("{ a: hello }")
    gc.collect()
    assert not plans


def test_a_price_over_the_limit_is_refused_for_these_variables_only(documents: Documents) -> None:
    operation = documents.get("query ($n: Int!) { feed(first: $n) { nodes { comments { nodes { liked } } } } }")
    assert documents.charge(operation, {"n": 20}) == 1 + 20 * 203
    with pytest.raises(Refused) as refusal:
        documents.charge(operation, {"n": 50})
    assert refusal.value.errors[0].extensions == {
        "code": "OPERATION_TOO_EXPENSIVE",
        "measure": "price",
        "limit": 5000,
        "value": 10151,
    }
    assert documents.charge(documents.get("{ hello }"), None) == 0


def on_a_deep_stack(frames: int, call: Callable[[], T]) -> T:
    return on_a_deep_stack(frames - 1, call) if frames else call()


@pytest.mark.parametrize("times", [50, 62, 100, 330, 990])
@pytest.mark.parametrize(
    ("start", "repeated"),
    [
        ("{viewer", "{friend"),
        ("", "{..."),
        ("{search(filter:", "["),
        ("{search(filter:", "{also:"),
        ("{search(filter:", "[{also:"),
        ("query($v:", "["),
    ],
)
def test_depth_never_becomes_a_recursion_error(documents: Documents, start: str, repeated: str, times: int) -> None:
    assert on_a_deep_stack(400, lambda: messages(documents, start + repeated * times))


def test_nesting_at_its_limit_is_parsed_validated_and_priced_on_a_deep_stack() -> None:
    documents = Documents(schema, Limits(depth=100, price=10**9))
    chain = "".join(f"fragment F{n} on User {{ ...F{n + 1} }}" for n in range(60))

    for text in (
        "{ viewer" + " { friend" * 61 + " { id }" + "}" * 62,
        "{ viewer { ...F0 } }" + chain + "fragment F60 on User { id }",
        "{ search(filter: " + "{also: " * 60 + "{}" + "}" * 60 + ") { __typename } }",
    ):
        assert on_a_deep_stack(300, lambda text=text: documents.get(text)).kind == "query"
