"""A token with scopes is held to them on every transport, before anything runs; one without them is not."""

import hashlib

import pytest

from auth import personal
from models.sessions import Session, SessionKind
from tests.api import Api, Person

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


async def test_a_stream_is_held_to_scopes(api: Api, lend):
    viewer = await lend("feed:read")
    answer = await api.post(
        "subscription { feedUpdates { ... on PostAdded { edge { node { body } } } } }",
        None,
        viewer,
        accept="text/event-stream",
    )
    assert answer.status_code == 403 or "INSUFFICIENT_SCOPE" in answer.text
    assert "Post.body" in answer.text
