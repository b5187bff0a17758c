"""GraphQL over HTTP, to the letter of its draft, and what every answer has besides."""

import asyncio
import json
import re

import pytest

from core.deadlines import Deadline
from core.telemetry import JSONLines
from loaders.posts import PostById
from loaders.users import UserByHandle, UserById
from schema.root import schema
from tests.api import Api, Rows

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
WELL = {"query": "{ __typename }"}
MUTATION = "mutation { signOut { __typename } }"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{JSON};q=0.9, {GRAPHQL};q=0.1", JSON),
        (f"{JSON};q=0.1, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{GRAPHQL};q=0, */*;q=0.1", JSON),
        ("text/html, */*;q=0.8", JSON),
        (f"{GRAPHQL}, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
    ],
)
async def test_the_answer_is_of_the_type_that_is_liked_best(api: Api, accept: str | None, answered: str):
    request = api.http.build_request("POST", "/graphql", json=WELL)
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    response = await api.http.send(request)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("query", "variables"),
    [("{", None), ("{ nonsense }", None), ("query ($id: ID!) { node(id: $id) { id } }", {"id": None})],
    ids=["parse", "validation", "coercion"],
)
async def test_a_request_that_fails_before_execution_is_a_400_without_data(api: Api, query: str, variables):
    strict = await api.post(query, variables, accept=GRAPHQL)
    assert (strict.status_code, set(strict.json())) == (400, {"errors"})
    lax = await api.post(query, variables, accept=JSON)
    assert (lax.status_code, lax.json()) == (200, strict.json())


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_an_error_in_a_field_is_a_200_with_data(api: Api, accept: str):
    response = await api.post('{ node(id: "x") { id } viewer { id } }', accept=accept)
    assert response.status_code == 200
    assert response.json()["data"] == {"node": None, "viewer": None}
    assert response.json()["errors"][0]["path"] == ["node"]


async def test_queries_go_by_get(api: Api):
    parameters = {
        "query": "query A ($handle: String!) { user(handle: $handle) { id } } query B { __typename }",
        "operationName": "A",
        "variables": json.dumps({"handle": "nobody_here"}),
    }
    response = await api.http.get("/graphql", params=parameters, headers={"accept": GRAPHQL})
    assert response.json() == {"data": {"user": None}}


async def test_changes_do_not_go_by_get(api: Api, rows: Rows):
    person = await api.sign_up()
    before = await rows()
    response = await api.http.get(
        "/graphql", params={"query": MUTATION}, headers={"authorization": f"Bearer {person.token}"}
    )
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "POST" in response.json()["errors"][0]["message"]
    assert await rows() == before
    assert (await api.answer("{ viewer { id } }", person))["data"]["viewer"] == {"id": person.id}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
async def test_other_methods_are_told_which_there_are(api: Api, method: str):
    response = await api.http.request(method, "/graphql", params=WELL)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_over_http_is_told_where_to_go(api: Api, method: str):
    request = {"params" if method == "GET" else "json": {"query": "subscription { feedUpdates { __typename } }"}}
    response = await api.http.request(method, "/graphql", **request, headers={"accept": JSON})
    assert response.status_code == 400
    assert "graphql-transport-ws" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/graphql", {}, 415),
        ("PUT", "/graphql", {}, 405),
        ("GET", "/graphql", {}, 400),
        ("GET", "/graphql", {"accept": "text/html"}, 200),
        ("GET", "/graphql?query={__typename}", {"accept": JSON}, 200),
        ("GET", "/graphql?query={__typename}", {}, 400),
        ("GET", "/graphql?query={__typename}", {"authorization": "Bearer x"}, 401),
        ("GET", "/healthz", {}, 200),
        ("GET", "/readyz", {}, 200),
        ("GET", "/nowhere", {}, 404),
    ],
)
async def test_every_answer_keeps_browsers_careful(api: Api, method: str, path: str, headers: dict, status: int):
    response = await api.http.request(method, path, headers=headers)
    assert response.status_code == status
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "server" not in response.headers


# What goes wrong on our side


async def test_a_failure_is_masked_and_logged_under_the_id_that_the_client_gets(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def fail(*_):
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(UserByHandle, "batch_load_fn", fail)
    response = await api.post('{ user(handle: "ada") { id } __typename }', accept=GRAPHQL)
    assert response.status_code == 200
    [error] = response.json()["errors"]
    assert response.json()["data"] == {"user": None, "__typename": "Query"}
    assert (error["path"], error["extensions"]["code"]) == (["user"], "INTERNAL")
    assert re.fullmatch("[0-9a-f]{16}", error["extensions"]["id"])
    assert error["extensions"]["id"] in error["message"]
    assert "secret" not in response.text
    [line] = [json.loads(JSONLines().format(record)) for record in caplog.records if record.exc_info]
    assert error["extensions"]["id"] in line["message"]
    assert "the secret is 42" in line["traceback"]


async def test_a_failure_outside_of_any_field_is_masked_too(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("transport.http._status", lambda *_: 1 / 0)
    response = await api.post("{ __typename }")
    assert response.status_code == 500
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "division" not in response.text
    assert error["extensions"]["id"] in caplog.text


async def test_an_operation_ends_by_its_deadline(api: Api, monkeypatch: pytest.MonkeyPatch):
    async def dawdle(*_):
        await asyncio.sleep(30)

    monkeypatch.setattr(PostById, "batch_load_fn", dawdle)
    monkeypatch.setattr(UserById, "batch_load_fn", dawdle)
    monkeypatch.setattr(Deadline, "begin", Deadline(0.1).begin)
    async with asyncio.timeout(2):
        response = await api.post('{ nodes(ids: ["post_1", "user_1"]) { id } }')
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}


# Logs


async def test_a_request_is_one_line(api: Api, caplog: pytest.LogCaptureFixture):
    person = await api.sign_up()
    caplog.clear()
    await api.post("query Mine { viewer { id } }", viewer=person)
    await api.http.get("/nowhere")
    lines = [json.loads(JSONLines().format(record)) for record in caplog.records]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/graphql", 200),
        ("GET", "/nowhere", 404),
    ]
    assert lines[0]["operation"] == "Mine"
    assert lines[0]["kind"] == "query"
    assert lines[0]["user"] == person.number
    assert all(line["ms"] >= 0 for line in lines)


async def test_no_log_line_tells_a_secret(api: Api, caplog: pytest.LogCaptureFixture):
    canary = "canary7yellow"
    person = await api.sign_up()
    secrets = [canary, person.token, person.refresh_token, person.token.split(".")[2]]
    typed = {"email": f"{canary}@example.org", "visibility": "PUBLIC", "role": "USER", "scopes": ["POSTS_READ"]}
    typed |= {"isPrivate": False, "keepsSecret": True, "forDevices": False, "until": None, "expiresAt": None}
    caplog.clear()
    with caplog.at_level("DEBUG", "starling"):
        for name, mutation in schema._schema.mutation_type.fields.items():
            if argument := mutation.args.get("input"):
                fields = argument.type.of_type.fields
                given = {field: person.refresh_token if "oken" in field else canary for field in fields}
                given |= {field: value for field, value in typed.items() if field in fields}
                await api.mutate(name, person, **given)
        await api.post(f'{{ user(handle: "{canary}") {{ id }} {canary} }}', {"x": canary})
        await api.post("query ($id: ID!) { node(id: $id) { id } }", {"id": [canary]}, person)
        await api.http.get("/graphql", params={"query": "{ __typename }", "variables": f'{{"x": "{canary}"}}'})
        await api.http.post("/graphql", content=canary, headers={"content-type": canary, "cookie": canary})
        await api.http.post("/graphql", json=WELL, headers={"authorization": f"Bearer {canary}"})
    logged = "\n".join(JSONLines().format(record) for record in caplog.records)
    assert logged.count('"message":"request"') > 20
    assert [secret for secret in secrets if secret in logged] == []
