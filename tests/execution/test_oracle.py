"""The compiled executor on the real schema and the demo world: nobody can tell it from graphql-core."""

import pytest

from schema.root import schema
from tests.execution.oracle import Oracle

VIEWERS = (None, "ada", "charles")

POST = "id body author { handle name } likeCount commentCount viewerHasLiked"
FEED = (
    f"query ($first: Int = 5, $deep: Boolean!) {{ feed(first: $first) {{ edges {{ cursor node {{ {POST} "
    "comments(first: 3) @include(if: $deep) { liveCursor edges { node { id body author { id handle } } } } } } "
    "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
)
QUERIES: list[tuple[str, dict]] = [
    (FEED, {"deep": True}),
    (FEED, {"deep": False, "first": 50}),
    (FEED, {"deep": True, "first": 101}),
    (FEED, {"deep": True, "first": None}),
    (f"{{ latest {{ nodes {{ {POST} }} edges {{ node {{ createdAt visibility }} }} }} }}", {}),
    ("{ viewer { id handle followers { nodes { handle viewerFollow } } followRequests: __typename } }", {}),
    ("{ a: latest(first: 2) { nodes { author { id } } } b: latest(first: 3) { nodes { author { handle } } } }", {}),
    ('{ node(id: "user_1") { id } other: node(id: "nonsense") { id } }', {}),
    ("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Post { body } ... on User { handle } } }", {}),
    ('{ search(text: "the") { edges { cursor node { ... on Post { body } ... on User { name } } } } }', {}),
    ('{ search(text: "a", kind: USERS) { nodes { __typename ... on Node { id } } } }', {}),
    (
        '{ user(handle: "ADA") { bio avatarUrl postCount followerCount followingCount followsViewer posts(first: 0) '
        "{ nodes { id } } } }",
        {},
    ),
    ('{ latest(after: "x") { nodes { id } } followRequests { nodes { id } } }', {}),
    (
        "{ latest(first: 3) { nodes { ...P ...P comments { nodes { replies { nodes { parent { id } depth } } } } } } } "
        "fragment P on Post { id author { ...U } author { name } } fragment U on User { handle isPrivate }",
        {},
    ),
    (
        "{ latest(first: 3) {nodes { comments(order: TOP) { edges { node { id } __typename cursor } __typename } } } }",
        {},
    ),
]


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("faults", [None, 1, 2, 3])
@pytest.mark.parametrize(("query", "variables"), QUERIES)
async def test_a_query_is_answered_alike(contexts, values, query, variables, viewer, faults):
    if "$ids" in query:
        variables = {"ids": values["ID"][::3]}
    await Oracle(schema._schema, contexts(viewer, faults)).compare(query, variables)
