"""Operations as Server-Sent Events: only for who asks for them, resumable, and over when the session is."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from itertools import count

import pytest
from httpx2 import AsyncClient

from tests.api import Api
from tests.waiting import until
from transport.operations import Operations
from transport.sse import wants_stream

URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
URQL_SUBSCRIPTION = "text/event-stream, multipart/mixed"
APOLLO = "application/graphql-response+json,application/json;q=0.9"
STREAM = "text/event-stream"
FEED = """subscription ($after: Cursor) { feedUpdates(after: $after) {
  __typename ... on LiveEvent { cursor } ... on PostAdded { edge { node { id body author { handle } } } } } }"""


@pytest.mark.parametrize(
    ("accept", "query", "subscription"),
    [
        (None, False, False),
        ("", False, False),
        ("*/*", False, False),
        ("application/json", False, False),
        ("text/*", False, False),
        (APOLLO, False, False),
        (URQL, False, True),
        (URQL_SUBSCRIPTION, True, True),
        (STREAM, True, True),
        (f"{STREAM}, application/json", False, True),
        (f"{STREAM}, application/json;q=0.9", True, True),
        (f"{STREAM}, */*;q=0.1", True, True),
        (f"{STREAM};q=0.5, */*", False, True),
        (f"{STREAM};q=0", False, False),
        (f"{STREAM};q=x", False, False),
        ("text/event-streams", False, False),
        ("TEXT/Event-Stream", True, True),
    ],
)
def test_a_stream_is_for_those_who_ask_for_one(accept, query, subscription):
    assert wants_stream(accept, "query") is wants_stream(accept, None) is query
    assert wants_stream(accept, "subscription") is subscription


@pytest.fixture
async def http(server):
    async with AsyncClient(base_url=server, timeout=20) as client:
        yield client


@pytest.fixture
def served(http):
    return Api(http)


class Events:
    """Reads a response as the HTML standard has it."""

    def __init__(self, response):
        self.response, self._lines = response, response.aiter_lines()
        self.last_id = None

    async def next(self, within=20):
        """The next event's type and data; None at the end."""
        kind, data = None, []
        async with asyncio.timeout(within):
            async for line in self._lines:
                if not line and data:
                    return kind, json.loads("\n".join(data) or "null")
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    self.last_id = value
                elif name.startswith("data"):
                    data.append(value)
        return None

    async def post(self, within=20):
        """The body of the next post that is told."""
        while (event := await self.next(within)) and "PostAdded" not in json.dumps(event):
            pass
        return event[1]["data"]["feedUpdates"]["edge"]["node"]["body"]


@asynccontextmanager
async def streamed(http, query, token=None, method="POST", **headers):
    headers = {"accept": STREAM, **headers, **({"authorization": f"Bearer {token}"} if token else {})}
    body = {"json": {"query": query}} if method == "POST" else {"params": {"query": query}}
    async with http.stream(method, "/graphql", headers=headers, **body) as response:
        yield Events(response)


_numbers = count()


@pytest.fixture
async def person(served):
    return await served.sign_up(f"streamer_{time.time_ns() % 10**9}_{next(_numbers)}")


@pytest.mark.parametrize("accept", [URQL, APOLLO, "*/*"])
async def test_an_ordinary_query_of_an_ordinary_client_is_answered_in_json(http, accept):
    response = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})
    assert "json" in response.headers["content-type"]
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_query_is_one_event_and_the_end(http, method):
    async with streamed(http, "{ __typename }", method=method) as events:
        assert events.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert events.response.headers["cache-control"] == "no-store"
        assert await events.next() == ("next", {"data": {"__typename": "Query"}})
        assert await events.next() == ("complete", None)
        assert await events.next() is None


@pytest.mark.parametrize("query", ["{ nope }", "{", "subscription { feedUpdates { __typename } }"])
async def test_an_operation_that_is_refused_says_so_in_an_event(http, query):
    async with streamed(http, query) as events:
        assert events.response.status_code == 200
        kind, body = await events.next()
        assert kind == "next"
        assert body["errors"]
        assert not body.get("data")
        assert await events.next() == ("complete", None)


async def test_what_is_no_request_or_nobodys_is_refused_before_a_stream_begins(http):
    refusals = [
        (await http.post("/graphql", json=[], headers={"accept": STREAM}), 400),
        (await http.post("/graphql", json={"query": FEED}, headers={"accept": "application/json"}), 400),
        (await http.post("/graphql", json={"query": FEED}, headers={"accept": "image/png"}), 406),
        (await http.post("/graphql", json={"query": FEED}, headers={"accept": STREAM, "authorization": "x"}), 401),
        (await http.get("/graphql", params={"query": "mutation { signOut { __typename } }"}), 400),
    ]
    for response, status in refusals:
        assert response.status_code == status
        assert response.json()["errors"]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_subscription_is_told_what_happens_and_resumes_after_the_last_event(http, served, person, method):
    async with streamed(http, FEED, person.token, method) as events:
        await asyncio.sleep(0.2)
        await served.create_post(person, "one")
        assert await events.post() == "one"
        last = events.last_id
    for body in ("two", "three"):
        await served.create_post(person, body)
    async with streamed(http, FEED, person.token, method, **{"last-event-id": last}) as events:
        assert [await events.post(), await events.post()] == ["two", "three"]


async def test_lines_end_with_line_feeds_alone(http, served, person):
    async with streamed(http, FEED, person.token) as events:
        await asyncio.sleep(0.2)
        await served.create_post(person, "one\r\ntwo")
        raw = b""
        async for chunk in events.response.aiter_raw():
            raw += chunk
            if b"PostAdded" in raw:
                break
        assert b"\r" not in raw
        assert raw.startswith(b":\n\n")


async def test_signing_out_ends_the_streams_of_the_session_within_a_second(http, served, person):
    other = await served.sign_up(f"other_{time.time_ns() % 10**9}")
    async with streamed(http, FEED, person.token) as events, streamed(http, FEED, other.token) as others:
        await asyncio.sleep(0.2)
        await served("mutation { signOut { ... on SignOutSuccess { signedOut } } }", person)
        assert await events.next(within=1) is None
        again = await http.post(
            "/graphql", json={"query": FEED}, headers={"accept": STREAM, "authorization": f"Bearer {person.token}"}
        )
        assert again.status_code == 401
        await served.create_post(other, "still there")
        assert await others.post() == "still there"


async def test_a_session_that_ends_while_a_stream_is_prepared_gets_none(api: Api, monkeypatch):
    ada, prepare = await api.sign_up(), Operations._subscribe

    async def is_over() -> bool:
        return (await api.post("{ __typename }", viewer=ada)).status_code == 401

    async def ended_meanwhile(*given):
        prepared = await prepare(*given)
        await api.mutate_bare("signOut", ada)
        await until(is_over)
        return prepared

    monkeypatch.setattr(Operations, "_subscribe", ended_meanwhile)
    async with asyncio.timeout(10):
        answer = await api.post(FEED, viewer=ada, accept=STREAM)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
