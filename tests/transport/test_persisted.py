"""Documents by their hash: Apollo's protocol and `documentId`, shared through Redis, and harmless without it."""

import hashlib
import json

import pytest
from redis.asyncio import Redis

from core import redis as connections
from execution.admission import Limits
from execution.documents import Documents, Refused
from schema.root import schema
from tests.api import Api
from transport import persisted
from transport.messages import Malformed, Subscribe, parse
from transport.persisted import KEYS, Automatic

GET = {"Apollo-Require-Preflight": "true"}
NOT_FOUND = [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def extension(digest: str, version: object = 1) -> dict:
    return {"persistedQuery": {"version": version, "sha256Hash": digest}}


@pytest.fixture
async def redis(redis_url: str):
    """The same Redis as the application's, without any document."""
    client = connections.connect(redis_url)
    await client.delete(*KEYS)
    yield client
    await client.delete(*KEYS)
    await client.aclose()


@pytest.fixture
def process(redis: Redis):
    """Makes libraries, as if each were in a process of its own."""

    def make(most: int = 10) -> Automatic:
        return Automatic(Documents(schema._schema, Limits()), redis, most=most)

    return make


async def found(library: Automatic, digest: str) -> bool:
    """Whether a process finds a text by its hash."""
    try:
        await library.get("", None, f"sha256:{digest}")
    except Refused:
        return False
    return True


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.usefixtures("redis")
async def test_apollos_protocol(api: Api, method: str):
    query = f"query By{method} ($handle: String!) {{ user(handle: $handle) {{ id }} }}"

    async def send(**fields) -> dict:
        fields |= {"variables": {"handle": "nobody_here"}, "extensions": extension(sha(query))}
        if method == "POST":
            return (await api.http.post("/graphql", json=fields)).json()
        parameters = {name: value if name == "query" else json.dumps(value) for name, value in fields.items()}
        return (await api.http.get("/graphql", params=parameters, headers=GET)).json()

    assert await send() == {"errors": NOT_FOUND}
    assert await send(query=query) == {"data": {"user": None}}
    assert await send() == {"data": {"user": None}}


@pytest.mark.usefixtures("redis")
async def test_a_document_is_found_by_its_document_id(api: Api):
    query = "query ById { __typename }"
    named = {"documentId": f"sha256:{sha(query)}"}
    missing = await api.http.post("/graphql", json=named, headers={"accept": "application/graphql-response+json"})
    assert (missing.status_code, missing.json()) == (400, {"errors": NOT_FOUND})
    await api.http.post("/graphql", json={"query": query, "extensions": extension(sha(query))})
    for response in (
        await api.http.post("/graphql", json=named),
        await api.http.get("/graphql", params=named, headers=GET),
    ):
        assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"query": "{ __typename }", "extensions": extension(sha("{ a }"))}, "provided sha does not match query"),
        ({"extensions": extension(sha("{ a }"), 2)}, "Unsupported persisted query version"),
        ({"extensions": extension(sha("{ a }"), None)}, "Unsupported persisted query version"),
        ({"extensions": {"persistedQuery": 1}}, "sha256Hash"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 1}}}, "sha256Hash"),
        ({"documentId": 5}, "documentId"),
        ({"documentId": ""}, "documentId"),
        ({"documentId": "sha256:\n"}, "documentId"),
        ({"documentId": "x" * 300}, "documentId"),
    ],
)
async def test_a_name_that_cannot_be_is_refused_and_nothing_is_kept(api: Api, redis: Redis, fields: dict, says: str):
    response = await api.http.post("/graphql", json=fields, headers={"accept": "application/graphql-response+json"})
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert says in error["message"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert await redis.exists(*KEYS) == 0


async def test_what_is_not_a_valid_operation_is_not_kept(api: Api, redis: Redis):
    query = "{ nonsense }"
    answer = (await api.http.post("/graphql", json={"query": query, "extensions": extension(sha(query))})).json()
    assert "nonsense" in answer["errors"][0]["message"]
    assert await redis.exists(*KEYS) == 0


async def test_one_process_learns_from_another_and_then_needs_no_redis(process, redis: Redis):
    query = "{ __typename }"
    here, there = process(), process()
    await here.get(query, None, f"sha256:{sha(query)}")
    assert await found(there, sha(query))
    await redis.delete(*KEYS)
    assert await found(there, sha(query))
    assert not await found(process(), sha(query))


async def test_no_more_are_kept_than_may_be_and_those_used_last_stay(process, redis: Redis, monkeypatch):
    queries = [f"query Q{number} {{ __typename }}" for number in range(4)]
    library = process(most=3)
    for query in queries[:3]:
        await library.get(query, None, f"sha256:{sha(query)}")
    assert await found(process(), sha(queries[0]))  # used, and so the youngest now
    await library.get(queries[3], None, f"sha256:{sha(queries[3])}")
    assert [await found(process(), sha(query)) for query in queries] == [True, False, True, True]
    assert await redis.hlen(KEYS[0]) == await redis.zcard(KEYS[1]) == 3
    assert int(await redis.get(KEYS[2])) == 3 * len(queries[0])
    assert all([0 < await redis.ttl(key) <= persisted.SECONDS for key in KEYS])
    monkeypatch.setattr(persisted, "BYTES", 2 * len(queries[0]))
    await process().get("{ __typename }", None, f"sha256:{sha('{ __typename }')}")
    assert await redis.hlen(KEYS[0]) == 2


async def test_a_process_remembers_so_many(process, redis: Redis, monkeypatch):
    monkeypatch.setattr(persisted, "OWN", 2)
    library = process()
    queries = [f"query Q{number} {{ __typename }}" for number in range(3)]
    for query in queries:
        await library.get(query, None, f"sha256:{sha(query)}")
    await redis.delete(*KEYS)
    assert [await found(library, sha(query)) for query in queries] == [False, True, True]


async def test_a_text_that_somebody_changed_in_redis_is_not_executed(process, redis: Redis):
    await redis.hset(KEYS[0], sha("{ __typename }"), "{ viewer { id } }")
    assert not await found(process(), sha("{ __typename }"))


async def test_without_redis_a_text_is_executed_and_known_to_its_process():
    away = connections.connect("redis://127.0.0.1:1")
    library = Automatic(Documents(schema._schema, Limits()), away, most=10)
    query = "{ __typename }"
    assert not await found(library, sha(query))
    assert (await library.get(query, None, f"sha256:{sha(query)}")).text == query
    assert await found(library, sha(query))
    await away.aclose()


async def test_where_none_are_kept_clients_are_told_to_send_texts(process):
    with pytest.raises(Refused) as refused:
        await process(most=0).get("{ __typename }", None, f"sha256:{sha('{ __typename }')}")
    [error] = refused.value.errors
    assert (error.message, error.extensions) == (
        "PersistedQueryNotSupported",
        {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
    )


# What caches may keep


@pytest.mark.parametrize(
    ("query", "control"),
    [
        (
            "{ latest(first: 1) { nodes { id body author { handle } comments { nodes { body } } } liveCursor } }",
            True,
        ),
        ('{ search(text: "x") { nodes { __typename ... on Post { body } ... on Node { id } } } }', True),
        ("{ latest { nodes { viewerHasLiked } } }", False),
        ("{ latest { nodes { ...F } } } fragment F on Post { author { viewerFollow } }", False),
        ("{ viewer { id } }", False),
        ("{ latest { nodes { id } } rateLimit { cost } }", False),
        ("{ latest(first: 1000) { nodes { id } } }", False),  # an error
    ],
)
@pytest.mark.usefixtures("redis")
async def test_caches_may_keep_what_everybody_may_see(api: Api, query: str, control: bool):
    named = {"documentId": f"sha256:{sha(query)}"}
    first = await api.http.post("/graphql", json={"query": query, "extensions": extension(sha(query))})
    assert first.headers["cache-control"] == "no-store"
    response = await api.http.get("/graphql", params=named, headers=GET)
    assert response.headers["cache-control"] == ("public, max-age=5" if control else "no-store")
    if control:
        assert {"accept", "accept-encoding", "authorization"} <= set(response.headers["vary"].lower().split(", "))
        assert "ratelimit" not in response.headers
    person = await api.sign_up()
    for private in ({"authorization": f"Bearer {person.token}"}, {"cookie": "a=b"}):
        response = await api.http.get("/graphql", params=named, headers=GET | private)
        assert response.headers["cache-control"] == "no-store"
    unnamed = await api.http.get("/graphql", params={"query": query}, headers=GET)
    assert unnamed.headers["cache-control"] == "no-store"


def test_a_message_of_a_socket_names_a_document_too():
    message = parse(json.dumps({"type": "subscribe", "id": "1", "payload": {"extensions": extension("ab")}}))
    assert isinstance(message, Subscribe)
    assert (message.request.query, message.request.document_id) == ("", "sha256:ab")
    with pytest.raises(Malformed):
        parse(json.dumps({"type": "subscribe", "id": "1", "payload": {"extensions": {"persistedQuery": []}}}))
