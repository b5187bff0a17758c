import gc
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from graphql import GraphQLError, get_introspection_query, parse

from execution.admission import ADVICE, LEXEMES, Limits, admit, admit_text, check
from execution.documents import Documents, Refused
from tests.execution.schema import schema


def refusal(text: str, **limits: int) -> dict[str, Any]:
    """What a refusal of the text says of itself."""
    with pytest.raises(GraphQLError) as error:
        admitted(text, **limits)
    assert error.value.extensions is not None
    assert str(error.value.extensions["limit"]) in error.value.message
    assert str(error.value.extensions["value"]) in error.value.message
    return {name: error.value.extensions[name] for name in ("measure", "limit", "value")}


def admitted(text: str, **limits: int) -> bool:
    admit_text(text, Limits(**limits))
    admit(parse(text), Limits(**limits))
    return True


AT_THE_LIMIT = {
    "characters": ("{ hello }", 9),
    "tokens": ("{ hello # why\n feed(first: 3) { total } }", 13),
    "nesting": ('{ search(filter: {words: ["{[("]}) { ... on User { id } } }', 4),
    "operations": ("query A { hello } query B { hello }", 2),
    "fragments": ("{ ...A } fragment A on Query { ...B } fragment B on Query { hello }", 2),
    "depth": ("{ feed { nodes { ...A } } } fragment A on Post { author { ... { name } } }", 4),
    "introspection_depth": ('{ __type(name: "User") { fields { type { name } } } }', 4),
    "aliases": ("{ a: feed { ...A } b: feed { ...A } } fragment A on PostConnection { t: total }", 4),
    "root_fields": ("{ hello ...A ...A } fragment A on Query { ... { a: hello viewer { id name } } }", 5),
    "directives": ("query @a { hello @b ...A @c ... @d { ...A } } fragment A on Query { hello @e }", 6),
    "selections": ("{ ...A ...A hello } fragment A on Query { viewer { id name } }", 9),
    "values": ("query ($i: ID = 1) { search(filter: {words: [1, 2], also: {words: $w}}) { id } }", 8),
    "overlaps": ("{ viewer { id } ...A } fragment A on Query { viewer { id } viewer { id name } }", 6),
}


@pytest.mark.parametrize("measure", AT_THE_LIMIT)
def test_what_is_at_a_limit_passes_and_what_is_over_it_is_told_so(measure: str) -> None:
    text, value = AT_THE_LIMIT[measure]
    assert admitted(text, **{measure: value})
    assert refusal(text, **{measure: value - 1}) == {"measure": measure, "limit": value - 1, "value": value}


def test_every_limit_has_advice_and_is_tested() -> None:
    assert set(ADVICE) == set(Limits.__slots__) == {*AT_THE_LIMIT, "price"}


def test_a_refusal_says_the_limit_the_value_and_how_to_get_under_it() -> None:
    with pytest.raises(GraphQLError) as error:
        check(Limits(depth=12), "depth", 15)
    assert error.value.message == (
        "The operation selects fields 15 levels deep; the limit is 12. "
        "Ask for the deeper levels by id, in an operation of their own."
    )
    assert error.value.extensions == {
        "code": "OPERATION_TOO_LARGE",
        "measure": "depth",
        "limit": 12,
        "value": 15,
    }


@pytest.mark.parametrize("text", [get_introspection_query(), get_introspection_query(input_value_deprecation=True)])
def test_explorers_may_introspect(text: str) -> None:
    assert admitted(text)


def test_a_field_beside_introspection_gains_nothing_by_it() -> None:
    deep = "viewer { friend { friend { friend { id } } } }"
    assert refusal(f"{{ __schema {{ types {{ name }} }} {deep} }}", depth=4)["value"] == 5


@pytest.mark.parametrize(
    ("fragments", "message"),
    [
        ("fragment A on User { friend { ...A } }", "Cannot spread fragment 'A' within itself."),
        (
            "fragment A on User { ...B } fragment B on User { ...C } fragment C on User { ...A }",
            "Cannot spread fragment 'A' within itself via 'B', 'C'.",
        ),
    ],
)
def test_a_fragment_within_itself_is_refused_before_anything_could_follow_it(fragments: str, message: str) -> None:
    for operation in ("{ viewer { ...A } }", "{ hello }"):
        with pytest.raises(GraphQLError) as error:
            admit(parse(operation + fragments), Limits())
        assert error.value.message == message


def test_a_fragment_that_no_operation_reaches_is_limited_like_one() -> None:
    assert refusal("{ hello } fragment A on User { friend { friend { id } } }", depth=2)["measure"] == "depth"
    twice = "fragment A on User { friend { friend { id } } } fragment A on User { id }"
    assert refusal("{ viewer { ...A } }" + twice, depth=2)["measure"] == "depth"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ('"""a "quoted" \\""" block""" b', 2),
        ('"a \\" b" c', 2),
        ('"not closed { \n { a', 3),
        ('"""not closed { \n { a', 1),
        ("{...A,,a:-1.5e3,$v!}#{ {", 11),
        ("\ufeff\t a1_ ", 1),
    ],
)
def test_strings_and_comments_are_one_token_whatever_is_in_them(text: str, tokens: int) -> None:
    assert len(LEXEMES.findall(text)) == tokens


# --- what is sent to hurt: every family in growing sizes


def fields(count: int, each: str) -> str:
    return "{" + " ".join(each.replace("%", str(n)) for n in range(count)) + "}"


def fragments(count: int, each: str, on: str = "Query") -> str:
    parts = [f"fragment F{n} on {on} {{ {each.replace('%', str(n + 1))} }}" for n in range(count)]
    return "".join(parts) + f"fragment F{count} on {on} {{ __typename }}"


PROFILE = """a%: viewer { id name friend { id name posts { total } } friend { name posts { total } } posts {
    total nodes { id body liked author { id name friend { id } } comments { total nodes { body } } } } }"""


def every_pair(count: int) -> str:
    spreads = " ".join(f"...F{n}" for n in range(count))
    return "{ hello }" + "".join(f"fragment F{n} on Query {{ {spreads} }}" for n in range(count))


FAMILIES: dict[str, Callable[[int], str]] = {
    "doubled fragments": lambda n: "{...F0}" + fragments(n // 12, "...F% ...F%"),
    "doubled fields": lambda n: "{viewer{...F0}}" + fragments(n // 24, "a:friend{...F%} b:friend{...F%}", "User"),
    "fragment cycle": lambda n: "{...F0}" + fragments(n // 10, "...F%") + "fragment F0 on Query { ...F1 }",
    "cycles of every length": lambda n: every_pair(int(n**0.5)),
    "chain of fragments": lambda n: "{...F0}" + fragments(n // 10, "hello ...F%"),
    "unused fragments": lambda n: "{hello}" + fragments(n // 10, "hello"),
    "deep": lambda n: "{viewer" + "{friend" * n,
    "deep and closed": lambda n: "{viewer" + "{friend" * n + "{id}" + "}" * (n + 1),
    "deep inline fragments": lambda n: "{..." * n + "{hello}" + "}" * n,
    "aliases": lambda n: fields(n // 3, "a%:hello"),
    "one field": lambda n: fields(n, "hello"),
    "nested duplicates": lambda n: "{viewer" + fields(n // 14, "friend{friend{friend{id} friend{name}}}") + "}",
    "300 duplicates": lambda n: fields(min(n, 300), "viewer{friend{id}}"),
    "directives on one field": lambda n: "{hello " + "@include(if:true)" * (n // 6) + "}",
    "directives on each field": lambda n: fields(n // 7, "hello @include(if:true)"),
    "unknown directives": lambda n: "{hello " + "@x" * (n // 2) + "}",
    "list": lambda n: "{nodes(ids:[" + "1 " * n + "]){id}}",
    "invalid list": lambda n: "{feed(first:[" + '"" ' * n + "]){total}}",
    "nested lists": lambda n: "{feed(first:" + "[" * n + "]" * n + "){total}}",
    "nested objects": lambda n: "{search(filter:" + "{also:" * (n // 4) + "{}" + "}" * (n // 4) + "){__typename}}",
    "flat objects": lambda n: "{search(filter:{words:[" + "{words:1} " * (n // 5) + "]}){__typename}}",
    "same argument": lambda n: "{feed(" + "first:1 " * (n // 3) + "){total}}",
    "unknown arguments": lambda n: "{feed(" + " ".join(f"x{i}:1" for i in range(n // 3)) + "){total}}",
    "variables": lambda n: "query(" + " ".join(f"$v{i}:Int" for i in range(n // 4)) + "){hello}",
    "list types": lambda n: "query($v:" + "[" * n + "Int" + "]" * n + "){hello}",
    "long string": lambda n: '{node(id:"' + "x" * (40 * n) + '"){id}}',
    "long escapes": lambda n: '{node(id:"' + "\\\\" * (20 * n) + '"){id}}',
    "long block string": lambda n: '{node(id:"""' + "\n x" * (10 * n) + '"""){id}}',
    "unclosed block strings": lambda n: '{node(id:"""' + '\\"""' * (10 * n),
    "quotes": lambda n: '{node(id:' + '"' * (40 * n),
    "long name": lambda n: "{" + "x" * (40 * n) + "}",
    "long number": lambda n: "{feed(first:" + "9" * (40 * n) + "){total}}",
    "comments": lambda n: "{hello}" + "#\n" * (20 * n),
    "blank lines": lambda n: "{hello" + "\n" * (40 * n),
    "operations": lambda n: " ".join(f"query Q{i}{{hello}}" for i in range(n // 5)),
    "operations by fragments": lambda n: " ".join(f"query Q{i}{{...F0}}" for i in range(n // 12))
    + fragments(n // 18, "hello ...F%"),
    "type definitions": lambda n: "type A{a:Int}" * (n // 7),
    "unknown fields": lambda n: "{viewer" + fields(n, "x%") + "}",
    "introspection, deep": lambda n: "{__schema{types" + "{fields{type" * (n // 4) + "{name}" + "}}" * (n // 4) + "}}",
    "introspection, ofType": lambda n: "{__schema{types{fields{type" + "{ofType" * n + "{name}" + "}" * (n + 4),
    "introspection, wide": lambda n: "{__schema" + fields(n // 10, "a%:types{fields{type{fields{name}}}}") + "}",
    "as large as is admitted": lambda n: (
        fields(min(n // 50, 14), PROFILE)[:-1] + " nodes(ids: [" + "1 " * min(n, 180) + "]) { id } }"
    ),
}  # fmt: skip

SIZES = (80, 250, 700, 1200, 1900)
"""About as many tokens."""


MOST_PARSES = 2.5
"""A document costs at most so many times what it costs merely to parse the longest one: 1.7 on an idle machine."""
ATTEMPTS = 12
"""A processor that others use, too, is slow at times, but not every time."""


def parse_milliseconds() -> float:
    """What this processor takes at the moment to parse as many fields as are admitted."""
    text, spent = "{" + "a " * (Limits().tokens - 2) + "}", []
    for _ in range(ATTEMPTS):
        started = time.thread_time()
        parse(text)
        spent.append(1000 * (time.thread_time() - started))
    return min(spent)


@pytest.fixture(autouse=True)
def _garbage_waits() -> Iterator[None]:
    """What documents cost is measured, not what the tests' own heap costs to look through."""
    gc.disable()
    yield
    gc.enable()


def cpu_milliseconds(documents: Documents, text: str, enough: float = 0, attempts: int = 2) -> float:
    """The best of some attempts, refused or not, ending with one that is good enough."""
    best = math.inf
    for _ in range(attempts):
        started = time.thread_time()
        with suppress(Refused):
            documents.get(text)
        best = min(best, 1000 * (time.thread_time() - started))
        if best <= enough:
            break
        documents = Documents(documents.schema, documents.limits)
    return best


def test_two_hundred_malicious_documents_cost_little_each(capsys: pytest.CaptureFixture[str]) -> None:
    texts = {document(size): f"{family}, {size}" for family, document in FAMILIES.items() for size in SIZES}
    assert len(texts) >= 200
    cpu_milliseconds(Documents(schema, Limits()), "{ hello }")
    most = MOST_PARSES * parse_milliseconds()
    spent = {name: cpu_milliseconds(Documents(schema, Limits()), text, most, ATTEMPTS) for text, name in texts.items()}
    dearest = sorted(spent, key=spent.__getitem__, reverse=True)[:5]
    with capsys.disabled():
        print(f"\nms of CPU, {most:.1f} at most:", ", ".join(f"{name}: {spent[name]:.1f}" for name in dearest))  # noqa: T201
    assert spent[dearest[0]] <= most


@pytest.mark.parametrize("family", FAMILIES)
def test_time_grows_no_faster_than_a_malicious_document(family: str) -> None:
    """With limits so high that the size decides, but for those that keep graphql-core from exploding."""
    limits = Limits(characters=10**7, tokens=10**6, fragments=10**6, operations=10**6, values=10**6)
    small, large = FAMILIES[family](1000), FAMILIES[family](3000)
    spent = [cpu_milliseconds(Documents(schema, limits), text) for text in (small, large)]
    assert spent[1] < 3 * spent[0] * max(1.0, len(large) / len(small)) + 5
