"""A token with scopes is held to them on every transport, before anything runs; one without them is not."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx2 import AsyncClient
from websockets.asyncio.client import connect

from auth import personal
from models.sessions import Session, SessionKind
from tests.api import Api, Person
from transport.messages import SUBPROTOCOL

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(scope="module")
async def ada(api: Api) -> Person:
    return await api.sign_up()


@pytest.fixture
def lend(db, ada: Person):
    """Ada, by a token with these scopes."""

    async def lend(*scopes: str) -> Person:
        token = personal.make()
        digest = hashlib.sha256(token.encode()).digest()
        async with db.write() as tx:
            await tx.insert(
                Session, user_id=ada.number, kind=SessionKind.PERSONAL, secret_hash=digest, scopes=list(scopes)
            )
        return Person(ada.id, ada.handle, token, "")

    return lend


async def missing(api: Api, viewer: Person, query: str, **variables) -> list[tuple]:
    """What a refusal says is missing: scope, field and path."""
    answer = await api.post(query, variables, viewer)
    assert answer.status_code == 403
    assert set(answer.json()) == {"errors"}
    errors = answer.json()["errors"]
    assert {each["extensions"]["code"] for each in errors} == {"INSUFFICIENT_SCOPE"}
    return [(each["extensions"]["scope"], each["extensions"]["field"], ".".join(each["path"])) for each in errors]


async def test_a_refusal_names_scope_field_and_path_and_challenges(api: Api, lend):
    viewer = await lend("profile:read")
    query = "{ viewer { handle mine: posts { nodes { body } } } }"
    assert await missing(api, viewer, query) == [("posts:read", "User.posts", "viewer.mine")]
    answer = await api.post(query, None, viewer)
    challenge = answer.headers["www-authenticate"]
    assert challenge == 'Bearer error="insufficient_scope", scope="profile:read posts:read"'
    assert answer.headers["cache-control"] == "no-store"


async def test_with_its_scopes_a_token_gets_what_its_person_gets(api: Api, lend, ada: Person):
    viewer = await lend("profile:read", "posts:read")
    query = "{ viewer { handle posts { nodes { body author { id __typename } } pageInfo { hasNextPage } } } }"
    assert await api(query, viewer) == await api(query, ada)


async def test_nothing_runs_if_anything_is_missing(api: Api, lend, rows):
    viewer, before = await lend("posts:write"), await rows()
    query = 'mutation { createPost(input: {body: "x"}) { ... on CreatePostSuccess { post { id } } } }'
    assert await missing(api, viewer, query) == [("posts:read", "Post.id", "createPost.post.id")]
    assert await rows() == before


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { ...F } } fragment F on User { postCount }",
        "{ viewer { ... { ... on Node { ... on User { postCount } } } } }",
        "query ($no: Boolean = false) { viewer { postCount @include(if: $no) } }",
        "{ viewer { __typename postCount @skip(if: true) } }",
        "query A { viewer { postCount } } query B { rateLimit { cost } }",
    ],
)
async def test_no_way_of_writing_it_gets_around_a_scope(api: Api, lend, query: str):
    viewer = await lend("profile:read")
    body = {"query": query, "operationName": "A" if "query A" in query else None}
    answer = await api.http.post("/graphql", json=body, headers={"authorization": f"Bearer {viewer.token}"})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["field"] == "User.postCount"


async def test_an_interface_asks_for_all_that_it_may_give(api: Api, lend, ada: Person):
    viewer = await lend("posts:read")
    query = "query ($id: ID!) { node(id: $id) { ... on Post { body } } }"
    found = await missing(api, viewer, query, id=ada.id)
    assert [scope for scope, *_ in found] == ["comments:read", "profile:read"]
    assert (await api.post("{ latest { nodes { ... on Node { id } } } }", None, viewer)).status_code == 200


async def test_an_interfaces_field_needs_what_the_type_at_hand_needs(api: Api, lend):
    viewer = await lend("posts:write")
    query = 'mutation { createPost(input: {body: ""}) { ... on CreatePostSuccess { post { ... on Node { id } } } } }'
    assert await missing(api, viewer, query) == [("posts:read", "Post.id", "createPost.post.id")]


async def test_an_account_is_for_its_person_whatever_a_token_has(api: Api, lend):
    viewer = await lend("profile:read", "profile:write")
    query = "{ viewer { securityEvents { nodes { kind } } } }"
    assert await missing(api, viewer, query) == [("account", "User.securityEvents", "viewer.securityEvents")]
    assert await missing(api, viewer, "mutation { signOut { __typename } }") == [
        ("account", "Mutation.signOut", "signOut")
    ]


async def test_introspection_and_what_is_left_need_nothing(api: Api, lend):
    viewer = await lend()
    assert await api("{ __typename rateLimit { remaining } __schema { queryType { name } } }", viewer)


async def test_who_is_not_signed_in_reads_what_is_public(api: Api):
    assert await api("{ latest(first: 1) { nodes { body } } }")


async def test_a_query_that_was_persisted_is_held_to_scopes_as_well(api: Api, lend, ada: Person):
    query = "{ viewer { postCount } }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}
    viewer = await lend("profile:read")
    for who, body, status in (
        (ada, {"query": query, "extensions": extensions}, 200),
        (viewer, {"extensions": extensions}, 403),
    ):
        headers = {"authorization": f"Bearer {who.token}"}
        assert (await api.http.post("/graphql", json=body, headers=headers)).status_code == status


POSTED = "subscription ($after: Cursor) { feedUpdates(after: $after) { ... on PostAdded { edge { node { body } } } } }"
REFUSED = ("INSUFFICIENT_SCOPE", "posts:read", "Post.body", ["feedUpdates", "edge", "node", "body"])


def told(errors: list[dict]) -> list[tuple]:
    """What errors say: code, scope, field and path."""
    return [(*(each["extensions"][name] for name in ("code", "scope", "field")), each["path"]) for each in errors]


@pytest.mark.parametrize("accept", ["text/event-stream", "text/event-stream, application/json"])
async def test_a_stream_is_held_to_scopes_and_says_so_as_a_stream(api: Api, lend, accept: str):
    """graphql-sse wants what is found before an execution told by `next`: an EventSource sees no status."""
    answer = await api.post(POSTED, None, await lend("feed:read"), accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    alive, refused, complete, rest = answer.text.split("\n\n")
    assert (alive, complete, rest) == (":", "event: complete\ndata:", "")
    event, _, data = refused.partition("\ndata: ")
    assert event == "event: next"
    assert set(json.loads(data)) == {"errors"}
    assert told(json.loads(data)["errors"]) == [REFUSED]


@pytest.fixture
async def ben(server: str) -> AsyncIterator[Person]:
    """Somebody of the real server's."""
    async with AsyncClient(base_url=server, timeout=20) as http:
        yield await Api(http).sign_up(f"scopes_{time.time_ns() % 10**9}")


@asynccontextmanager
async def socket(server: str, token: str):
    async with connect(server.replace("http", "ws") + "/graphql", subprotocols=[SUBPROTOCOL]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"

        async def ask(id: str, **payload) -> None:
            await socket.send(json.dumps({"type": "subscribe", "id": id, "payload": payload}))

        async def hear(type: str) -> dict:
            async with asyncio.timeout(10):
                message = json.loads(await socket.recv())
            assert message["type"] == type
            return message

        yield ask, hear


async def test_a_socket_is_held_to_scopes_and_stays_open(server: str, ben: Person):
    """Also where others are told the same document's events, or the document comes by its hash."""
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(POSTED.encode()).hexdigest()}}
    async with AsyncClient(base_url=server, timeout=20) as http:
        api, made = Api(http), "created { token }"
        few, enough = [
            (await api.mutate("createPersonalToken", ben, made, name="CI", scopes=scopes))["created"]["token"]
            for scopes in (["feed:read"], ["feed:read", "posts:read"])
        ]
        now = {"after": (await api("{ feed { liveCursor } }", ben))["feed"]["liveCursor"]}
        async with (
            socket(server, ben.token) as (ask_all, hear_all),
            socket(server, enough) as (ask_enough, hear_enough),
            socket(server, few) as (ask_few, hear_few),
        ):
            await ask_all("1", query=POSTED, variables=now, extensions=hashed)
            await ask_enough("1", query=POSTED, variables=now)
            for number, payload in enumerate(({"query": POSTED}, {"query": POSTED, "extensions": hashed})):
                await ask_few(str(number), **payload)
                refused = await hear_few("error")
                assert (refused["id"], told(refused["payload"])) == (str(number), [REFUSED])
            await ask_few("1", query=POSTED.replace("edge { node { body } }", "__typename"), variables=now)
            await api.create_post(ben, "Live.")
            for hear in (hear_all, hear_enough):
                assert (await hear("next"))["payload"]["data"]["feedUpdates"] == {"edge": {"node": {"body": "Live."}}}
            assert (await hear_few("next"))["payload"]["data"]["feedUpdates"] == {"__typename": "PostAdded"}
