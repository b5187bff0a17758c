"""Requests that can't be answered get an answer that says so: typed, with what to do, and nothing is half done."""

import json

import pytest
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.root import schema
from tests.api import Api

pytestmark = pytest.mark.usefixtures("quiet")

JSON = {"content-type": "application/json"}
TYPENAME = {"query": "{ __typename }"}
PROTOCOL = ["application/json", "application/graphql-response+json"]

NO_REQUESTS = {
    "empty": b"",
    "blank": b"  \n",
    "cut off": b'{"query": "{ __typename }"',
    "trailing": b'{"query": "{ __typename }"} x',
    "no quotes": b"{query: {__typename}}",
    "NaN": b'{"query": "{ __typename }", "variables": {"x": NaN}}',
    "number": b"1",
    "null": b"null",
    "string": b'"x"',
    "true": b"true",
    "list": b"[]",
    "batch": b'[{"query": "{ __typename }"}]',
    "object": b"{}",
    "query null": b'{"query": null}',
    "query number": b'{"query": 1}',
    "query list": b'{"query": ["{ __typename }"]}',
    "query empty": b'{"query": ""}',
    "query blank": b'{"query": " \\n"}',
    "variables list": b'{"query": "{ __typename }", "variables": []}',
    "variables string": b'{"query": "{ __typename }", "variables": "{}"}',
    "operationName number": b'{"query": "{ __typename }", "operationName": 1}',
    "extensions string": b'{"query": "{ __typename }", "extensions": ""}',
    "invalid UTF-8": b'{"query": "{ \xff\xfe }"}',
    "overlong UTF-8": b'{"query": "{ \xc0\xaf }"}',
    "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
    "encoded surrogate": b'{"query": "{ \xed\xa0\x80 }"}',
    "lone surrogate": b'{"query": "{ user(handle: \\"\\ud800\\") { id } }"}',
    "lone surrogate in variables": b'{"query": "{ __typename }", "variables": {"x": "\\udfff"}}',
    "raw NUL": b'{"query": "{ __typename\x00 }"}',
    "deep lists": b"[" * 100_000,
    "deep closed lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "deep variables": b'{"query": "{ __typename }", "variables": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
}

NO_DOCUMENTS = {
    "nothing": "#",
    "a word": "hello",
    "open": "{ __typename",
    "NUL": "{ __typename \0 }",
    "control character": "{ __typename \x1b }",
    "lone surrogate escape": '{ user(handle: "\\uD800") { id } }',
    "surrogate out of order": '{ user(handle: "\\uDC00\\uD800") { id } }',
    "beyond Unicode": '{ user(handle: "\\u{110000}") { id } }',
    "unknown field": "{ nonsense }",
    "unknown argument": '{ user(hndl: "ada") { id } }',
    "no selection": "{ viewer }",
    "selection of a scalar": "{ __typename { x } }",
    "two anonymous": "{ __typename } { __typename }",
    "two named": "query A { __typename } query B { __typename }",
    "only a fragment": "fragment F on Query { __typename }",
    "a type": "type Query { x: Int }",
    "cyclic fragment": "{ ...F } fragment F on Query { ...F }",
    "number too large": "{ latest(first: 2147483648) { nodes { id } } }",
    "not a number": '{ latest(first: "20") { nodes { id } } }',
    "not a value of the enumeration": '{ search(text: "x", kind: CATS) { nodes { __typename } } }',
    "missing variable": "query ($id: ID!) { node(id: $id) { id } }",
    "deep": "{ a" * 10_000,
    "deep lists": "{ latest(first: " + "[" * 10_000 + ") { nodes { id } } }",
    "many directives": "{ __typename " + "@skip(if: false) " * 1000 + "}",
}


def refusal(response: Response, status: int) -> dict:
    """The one error of an answer that has nothing else."""
    assert response.status_code == status, response.text
    answer = response.json()
    assert set(answer) == {"errors"}
    assert "Traceback" not in response.text
    for error in answer["errors"]:
        assert error["message"]
        assert error["extensions"]["code"]
    return answer["errors"][0]


@pytest.mark.parametrize("accept", PROTOCOL)
@pytest.mark.parametrize("body", NO_REQUESTS.values(), ids=NO_REQUESTS)
async def test_a_body_that_is_no_request_is_refused_with_a_reason(api: Api, body: bytes, accept: str):
    response = await api.http.post("/graphql", content=body, headers={**JSON, "accept": accept})
    assert refusal(response, 400)["extensions"]["code"] == "BAD_REQUEST"
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize("query", NO_DOCUMENTS.values(), ids=NO_DOCUMENTS)
async def test_a_document_that_cannot_be_run_is_refused_with_a_reason(api: Api, query: str):
    refusal(await api.post(query, accept="application/graphql-response+json"), 400)
    refusal(await api.post(query, accept="application/json"), 200)


@pytest.mark.parametrize("variables", [{}, {"id": None}, {"id": 1.5}, {"id": ["x"]}, {"id": {}}, {"id": True}])
async def test_variables_of_another_type_are_refused(api: Api, variables: dict):
    query = "query ($id: ID!) { node(id: $id) { id } }"
    error = refusal(await api.post(query, variables, accept="application/graphql-response+json"), 400)
    assert "$id" in error["message"]


async def test_deep_variables_are_refused(api: Api):
    query = "query ($id: ID!) { node(id: $id) { id } }"
    deep: list = []
    for _ in range(500):
        deep = [deep]
    refusal(await api.post(query, {"id": deep}, accept="application/graphql-response+json"), 400)


async def test_an_unknown_operation_name_is_refused(api: Api):
    body = {"query": "query A { __typename }", "operationName": "B"}
    headers = {"accept": "application/graphql-response+json"}
    assert "B" in refusal(await api.http.post("/graphql", json=body, headers=headers), 400)["message"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_huge_body_is_refused_unread(api: Api, announced: bool):
    sent = 0

    async def body():
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x" * 100_000

    headers = {**JSON, "content-length": "100000000"} if announced else JSON
    response = await api.http.post("/graphql", content=body(), headers=headers)
    assert "KiB" in refusal(response, 413)["message"]
    assert response.headers["connection"] == "close"


async def test_a_body_just_small_enough_is_read(api: Api):
    body = json.dumps(TYPENAME).encode()
    padded = body + b" " * (256 * 1024 - len(body))
    assert (await api.http.post("/graphql", content=padded, headers=JSON)).status_code == 200
    refusal(await api.http.post("/graphql", content=padded + b" ", headers=JSON), 413)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/jsonfoo",
        "application/x-json",
        "application/json+x",
        "application/graphql",
        "application/graphql-response+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
    ],
)
async def test_another_content_type_is_refused(api: Api, content_type: str | None):
    headers = {} if content_type is None else {"content-type": content_type}
    response = await api.http.post("/graphql", content=json.dumps(TYPENAME), headers=headers)
    assert "application/json" in refusal(response, 415)["message"] or "UTF-8" in refusal(response, 415)["message"]


@pytest.mark.parametrize(
    "content_type", ["APPLICATION/JSON", 'application/json;charset="UTF-8"', "application/json; v=1"]
)
async def test_json_by_any_of_its_names_is_read(api: Api, content_type: str):
    headers = {"content-type": content_type}
    response = await api.http.post("/graphql", content=json.dumps(TYPENAME), headers=headers)
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", "application/jsonfoo", "application/json;q=0", "application/json;q=x", ";", ","]
)
async def test_an_accept_that_admits_no_answer_is_refused(api: Api, accept: str):
    assert (
        "Accept" in refusal(await api.http.post("/graphql", json=TYPENAME, headers={"accept": accept}), 406)["message"]
    )


@pytest.mark.parametrize("name", ["query", "variables", "extensions", "operationName"])
async def test_bad_parameters_of_a_get_are_refused(api: Api, name: str):
    parameters = {"query": "{ __typename }", "variables": "{}", "extensions": "{}", "operationName": "A", name: "[1"}
    headers = {"accept": "application/graphql-response+json"}
    refusal(await api.http.get("/graphql", params=parameters, headers=headers), 400)


# Anything at all

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)
BODIES = JSON_VALUES | st.fixed_dictionaries(
    {"query": st.just("query ($id: ID!) { node(id: $id) { id } }") | JSON_VALUES},
    optional=dict.fromkeys(("variables", "operationName", "extensions"), JSON_VALUES),
)
NAMES = sorted(
    {
        *schema._schema.type_map,
        *(name for kind in schema._schema.type_map.values() for name in getattr(kind, "fields", ())),
    }
)
TOKENS = ["{", "}", "(", ")", "[", "]", "!", ":", "=", "@", "$", "...", "|", "&", '"', '"""', "#", "-1", "1e9", "0.5"]
WORDS = ["query", "mutation", "subscription", "fragment", "on", "true", "null", "skip", "if", "$a", "first", "after"]
DOCUMENTS = st.lists(st.sampled_from([*TOKENS, *WORDS, *NAMES]) | st.text(max_size=3), max_size=40).map(" ".join)
BOUNDED = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@BOUNDED
@given(body=st.binary(max_size=200) | BODIES.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass")))
async def test_no_body_is_too_strange(api: Api, body: bytes):
    response = await api.http.post("/graphql", content=body, headers=JSON)
    assert response.status_code in (200, 400), response.text
    assert "INTERNAL" not in response.text


@BOUNDED
@given(query=DOCUMENTS | st.text(), operation_name=st.none() | st.text(max_size=3))
async def test_no_document_is_too_strange(api: Api, query: str, operation_name: str | None):
    body = {"query": query, "operationName": operation_name}
    headers = {**JSON, "accept": "application/graphql-response+json"}
    response = await api.http.post("/graphql", content=json.dumps(body), headers=headers)
    assert response.status_code in (200, 400), response.text
    codes = [error["extensions"]["code"] for error in response.json().get("errors", [])]
    assert "INTERNAL" not in codes  # which may well stand in a message that quotes the document
