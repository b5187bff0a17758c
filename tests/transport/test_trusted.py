"""With a file of trusted documents, nothing else is executed, by any transport."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from auth import tokens
from core.settings import Settings
from models.sessions import Session
from tests import factories
from tests.api import Api, Rows
from transport.application import assemble

TRUSTED = "query Hello { __typename }"
SHA = hashlib.sha256(TRUSTED.encode()).hexdigest()
WRITE = "mutation { signOut { __typename } }"
INTROSPECTION = "{ __schema { queryType { name } } }"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What GraphQL Code Generator's client preset writes."""
    path = tmp_path / "persisted-documents.json"
    documents = {
        SHA: TRUSTED,
        "sha256:prefixed": TRUSTED,
        "feed.1": "query A { __typename } query B { __typename }",
        "me.1": "{ viewer { handle } }",
    }
    path.write_text(json.dumps(documents))
    return path


def application(file: Path, database_url: str, redis_url: str, env: str) -> Starlette:
    return assemble(
        Settings(database_url=database_url, redis_url=redis_url, trusted_documents=file, env=env, build_explorer=False)
    )


@pytest.fixture
async def strict(file: Path, database_url: str, redis_url: str) -> AsyncIterator[Api]:
    """A process in production."""
    app = application(file, database_url, redis_url, "production")
    async with app.router.lifespan_context(app), Api.of(app) as api:
        yield api


@pytest.mark.parametrize(
    "request_",
    [
        {"documentId": SHA},
        {"documentId": f"sha256:{SHA}"},
        {"documentId": "prefixed"},
        {"documentId": "sha256:prefixed"},
        {"documentId": "feed.1", "operationName": "B"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": SHA}}},
        {"query": TRUSTED, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": SHA}}},
    ],
)
async def test_a_trusted_document_is_executed_by_its_name(strict: Api, request_: dict):
    response = await strict.http.post("/graphql", json=request_)
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    "request_",
    [
        {"query": TRUSTED},
        {"query": WRITE},
        {"query": INTROSPECTION},
        {"query": WRITE, "documentId": SHA},
        {"documentId": "unknown"},
        {
            "query": "{ a: __typename }",
            "extensions": {
                "persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(b"{ a: __typename }").hexdigest()}
            },
        },
    ],
)
async def test_anything_else_is_refused_and_changes_nothing(strict: Api, request_: dict, rows: Rows):
    before = await rows()
    response = await strict.http.post(
        "/graphql", json=request_, headers={"accept": "application/graphql-response+json"}
    )
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "DOCUMENT_NOT_TRUSTED"}
    assert "documentId" in error["message"]
    assert await rows() == before


async def test_a_trusted_document_is_held_to_scopes_as_well(strict: Api, db):
    ada = await factories.person(db)
    async with db.write() as tx:
        session = await tx.insert(Session, user_id=ada.number, scopes=["posts:read"])
    bearers = ada.token, tokens.issue(ada.number, session.id)
    headers = [{"authorization": f"Bearer {token}"} for token in bearers]
    own, lent = [await strict.http.post("/graphql", json={"documentId": "me.1"}, headers=each) for each in headers]
    assert own.json() == {"data": {"viewer": {"handle": ada.handle}}}
    [error] = lent.json()["errors"]
    assert lent.status_code == 403
    assert error["extensions"] == {"code": "INSUFFICIENT_SCOPE", "scope": "profile:read", "field": "Query.viewer"}


async def test_production_has_no_explorer_then(strict: Api):
    response = await strict.http.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 400
    assert "text/html" not in response.headers["content-type"]


async def test_in_development_tools_may_look_at_the_schema(file: Path, database_url: str, redis_url: str):
    app = application(file, database_url, redis_url, "development")
    async with app.router.lifespan_context(app), Api.of(app) as api:
        assert (await api.answer(INTROSPECTION)) == {"data": {"__schema": {"queryType": {"name": "Query"}}}}
        for query in (
            TRUSTED + "{ viewer { id } }",
            "{ __typename viewer { id } }",
            "{ ...F } fragment F on Query { viewer { id } }",
        ):
            assert "data" not in await api.answer(query)
        page = await api.http.get("/graphql", headers={"accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")


def test_a_socket_executes_nothing_else_either(file: Path, database_url: str, redis_url: str):
    app = application(file, database_url, redis_url, "development")
    with (
        TestClient(app) as client,
        client.websocket_connect("/graphql", subprotocols=["graphql-transport-ws"]) as socket,
    ):
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": WRITE}})
        refused = socket.receive_json()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "DOCUMENT_NOT_TRUSTED")
        socket.send_json({"type": "subscribe", "id": "2", "payload": {"documentId": SHA}})
        assert socket.receive_json() == {"type": "next", "id": "2", "payload": {"data": {"__typename": "Query"}}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't be read"),
        ("{", "isn't JSON"),
        ("[]", "must hold a JSON object"),
        ("{}", "must hold a JSON object"),
        ('{"a": 1}', "has no text for the document a"),
        ('{"a": " "}', "has no text for the document a"),
    ],
)
def test_a_file_that_is_not_good_is_told_before_anything_starts(tmp_path: Path, content: str | None, says: str):
    path = tmp_path / "documents.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValidationError) as refused:
        Settings(trusted_documents=path)
    [error] = refused.value.errors()
    assert error["loc"] == ("trusted_documents",)
    assert says in error["msg"]
