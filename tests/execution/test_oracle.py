"""The compiled executor on the real schema and the demo world: nobody can tell it from graphql-core."""

import asyncio
import os
from collections import Counter
from random import Random

import pytest

from schema.root import schema
from tests.execution.generator import Generator
from tests.execution.oracle import Oracle

GENERATED = int(os.environ.get("STARLING_ORACLE_OPERATIONS", "2000"))
"""How many operations are made up; `STARLING_ORACLE_OPERATIONS=50000` with `--timeout 0` for a long night."""
SEED = int(os.environ.get("STARLING_ORACLE_SEED", "1"))
PARTS = 8
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


@pytest.fixture(scope="module")
async def values(contexts) -> dict:
    """What arguments may be given: what is there, what isn't, and nonsense."""
    ask = Oracle(schema._schema, contexts("ada"))
    answer = await ask.compare(
        "{ latest(first: 20) { pageInfo { endCursor } nodes { id author { id handle } "
        "comments(first: 2) { pageInfo { endCursor } nodes { id replies { nodes { id } } } } } } }"
    )
    posts = answer.data["latest"]["nodes"]
    comments = [comment["id"] for post in posts for comment in post["comments"]["nodes"]]
    replies = [r["id"] for post in posts for c in post["comments"]["nodes"] for r in c["replies"]["nodes"]]
    people = [post["author"] for post in posts]
    cursors = [page["pageInfo"]["endCursor"] for page in (answer.data["latest"], *(post["comments"] for post in posts))]
    ids = [*(post["id"] for post in posts), *(each["id"] for each in people), *comments, *replies]
    return {
        "ID": [*ids, "post_1", "user_2", "comment_3", "party_4", "nonsense", "post_99999999999999999999"],
        "Cursor": [*[None] * 4 * len(cursors), *filter(None, cursors), "nonsense", ""],
        "first": [*[1, 2, 3, 4, 5] * 5, 10, 0, 101, -1],
        "handle": [*(each["handle"] for each in people), "ADA", "nobody", "", "!"],
        "text": ["the", "a", "engine", "ada", '\\"the\\"', "", "zzzz", "x" * 201],
    }


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("faults", [None, 1, 2, 3])
@pytest.mark.parametrize(("query", "variables"), QUERIES)
async def test_a_query_is_answered_alike(contexts, values, query, variables, viewer, faults):
    if "$ids" in query:
        variables = {"ids": values["ID"][::3]}
    await Oracle(schema._schema, contexts(viewer, faults)).compare(query, variables)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:coroutine", "ignore::pytest.PytestUnraisableExceptionWarning")  # graphql-core's
@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
async def test_generated_queries_are_answered_alike(contexts, values, part, record_property):
    random = Random(f"{SEED} {part}")  # noqa: S311
    generator = Generator(schema._schema, random, values)
    generator.avoid = {"RateLimit.resetAt"}  # that is the time
    seen: Counter[str] = Counter()
    for _ in range(GENERATED // PARTS):
        viewer, faults = random.choice(VIEWERS), random.choice([None, None, random.randrange(10**6)])
        query, variables = generator.query()
        oracle = Oracle(schema._schema, contexts(viewer, faults))
        try:
            async with asyncio.timeout(30):
                await oracle.compare(query, variables)
        except BaseException as error:
            error.add_note(f"viewer={viewer!r}, faults={faults!r}, variables={variables!r}\n{query}")
            raise
        seen += oracle.seen
    print(dict(seen))  # noqa: T201
    assert seen["same"] > sum(seen.values()) / 4
    assert seen["same, with errors"]
