"""A screen is a fixed handful of statements, whatever is on it."""

from typing import Any

import pytest

from core.database import Database
from models.comments import Comment
from tests import factories
from tests.api import Api, Person, Statements

FEED = """query ($first: Int!) { feed(first: $first) { nodes {
    id body likeCount commentCount viewerHasLiked author { id handle name }
    comments(first: 3) { nodes { id body likeCount replyCount viewerHasLiked author { id handle } } } } } }"""
PROFILE = """query ($handle: String!, $first: Int!) { user(handle: $handle) {
    id postCount followerCount followingCount viewerFollow followsViewer viewerHasBlocked
    posts(first: $first) { nodes { id likeCount commentCount viewerHasLiked } }
    followers(first: $first) { nodes { id handle followerCount viewerFollow } } } }"""
THREAD = """query ($id: ID!, $first: Int!) { node(id: $id) { ... on Post { id author { id }
    comments(first: $first) { nodes { ...Said replies(first: 2) { nodes { ...Said
    replies(first: 1) { nodes { ...Said replies(first: 1) { nodes { ...Said } } } } } } } } } } }
    fragment Said on Comment { id body likeCount replyCount viewerHasLiked author { id handle } }"""
LATEST = """query ($first: Int!) { latest(first: $first) { nodes {
    id author { id followerCount } likeCount viewerHasLiked } } }"""
SEARCH = """query ($first: Int!, $text: String!, $kind: SearchKind!) {
    search(text: $text, kind: $kind, first: $first) { nodes {
    ... on Post { id author { id handle } likeCount } ... on User { id postCount viewerFollow } } } }"""


class World:
    """A viewer who follows twelve, sixty posts by them, talked about by three."""

    def __init__(self, viewer: Person, followees: list[int], posts: list[int]) -> None:
        self.viewer, self.followees, self.posts = viewer, followees, posts

    @classmethod
    async def build(cls, db: Database) -> "World":
        viewer = await factories.person(db)
        followees = await factories.users(db, 12, name="Batchling")
        await factories.follow(db, [viewer.number], followees)
        await factories.follow(db, followees, followees)
        posts = await factories.posts(db, [*followees] * 5, body="batchling")
        await factories.like(db, [viewer.number, *followees], posts[::2])
        talkers = await factories.users(db, 3)
        await _talk(db, viewer, talkers, [{"post_id": post, "author_id": each} for post in posts for each in talkers])
        thread: list[dict[str, Any]] = [{"post_id": posts[0], "author_id": talkers[0]}] * 60
        for depth in range(1, 5):
            above = await _talk(db, viewer, talkers, thread)
            thread = [
                {"post_id": posts[0], "author_id": talkers[depth % 3], "parent_id": each, "depth": depth}
                for each in above
            ]
        return cls(viewer, followees, posts)


async def _talk(db: Database, viewer: Person, talkers: list[int], rows: list[dict[str, Any]]) -> list[int]:
    made = await factories.make(db, Comment, rows)
    await factories.like_comments(db, [viewer.number, talkers[0]], made)
    return made


@pytest.fixture(scope="module")
async def world(db: Database) -> World:
    return await World.build(db)


class Screens:
    """Asks, and says how many statements that took."""

    def __init__(self, api: Api, world: World, statements: Statements) -> None:
        self.api, self.world, self.statements = api, world, statements

    async def show(self, query: str, **variables: object) -> tuple[dict, int]:
        await self.api("{ viewer { id } }", self.world.viewer)  # the token is known from here on
        before = len(self.statements)
        data = await self.api(query, self.world.viewer, **variables)
        return data, len(self.statements) - before

    async def costs_the_same(self, query: str, path: tuple[str, ...], **variables: object) -> int:
        """How many statements it takes, with 5 and with all that is asked for on the page."""
        costs = []
        for first in (5, 50):
            data, cost = await self.show(query, first=first, **variables)
            rows = data
            for name in path:
                rows = rows[name]
            assert len(rows) >= min(first, 9), "too few to prove anything"
            costs.append(cost)
        assert costs[0] == costs[1], self.statements.texts
        return costs[0]


@pytest.fixture
def screens(api: Api, world: World, statements: Statements) -> Screens:
    return Screens(api, world, statements)


async def test_a_feed_costs_eight_statements_at_any_size(screens: Screens) -> None:
    """Its posts; their authors, counts, likes and comments; the comments' authors, counts and likes."""
    data, _ = await screens.show(FEED, first=50)
    posts = data["feed"]["nodes"]
    assert [len(post["comments"]["nodes"]) for post in posts] == [3] * 50
    assert await screens.costs_the_same(FEED, ("feed", "nodes")) == 8


async def test_a_profile_costs_eleven_statements_at_any_size(screens: Screens) -> None:
    """The user; counts, three flags, posts, followers; the posts' counts and likes; the followers' counts and flag."""
    query = "query ($id: ID!) { node(id: $id) { ... on User { handle } } }"
    user = await screens.api(query, id=f"user_{screens.world.followees[0]}")
    costs = screens.costs_the_same(PROFILE, ("user", "followers", "nodes"), handle=user["node"]["handle"])
    assert await costs == 11


async def test_a_thread_costs_four_statements_a_level_at_any_size(screens: Screens) -> None:
    """The post and its author; and for each of four levels the comments, their counts, likes and new authors."""
    post = f"post_{screens.world.posts[0]}"
    data, _ = await screens.show(THREAD, id=post, first=5)
    comments = data["node"]["comments"]["nodes"]
    for depth in range(4):
        assert comments, f"no comment at depth {depth}"
        comments = comments[0]["replies"]["nodes"] if depth < 3 else []
    assert await screens.costs_the_same(THREAD, ("node", "comments", "nodes"), id=post) == 17


async def test_latest_costs_five_statements_at_any_size(screens: Screens) -> None:
    assert await screens.costs_the_same(LATEST, ("latest", "nodes")) == 5


@pytest.mark.parametrize("kind", ["POSTS", "USERS"])
async def test_a_search_costs_three_statements_at_any_size(screens: Screens, kind: str) -> None:
    assert await screens.costs_the_same(SEARCH, ("search", "nodes"), kind=kind, text="batchling") == 3


async def test_pages_of_other_sizes_under_aliases_cost_a_statement_each(screens: Screens) -> None:
    list_of = "comments(first: {}) {{ nodes {{ id }} }}"
    costs = []
    for sizes in ((3,), (3, 4), (3, 4, 5), (3, 3, 3)):
        aliases = " ".join(f"a{place}: {list_of.format(size)}" for place, size in enumerate(sizes))
        costs.append((await screens.show(f"{{ feed(first: 20) {{ nodes {{ id {aliases} }} }} }}"))[1])
    assert costs == [2, 3, 4, 2]


async def test_pages_in_other_orders_and_from_other_places_cost_a_statement_each(screens: Screens) -> None:
    post = f"post_{screens.world.posts[0]}"
    query = "query ($id: ID!) { node(id: $id) { ... on Post { comments(first: 3) { pageInfo { endCursor } } } } }"
    data, _ = await screens.show(query, id=post)
    after = data["node"]["comments"]["pageInfo"]["endCursor"]
    _, cost = await screens.show(
        """query ($id: ID!, $after: Cursor) { node(id: $id) { ... on Post {
        a: comments(first: 3) { nodes { id } } b: comments(first: 3, order: TOP) { nodes { id } }
        c: comments(first: 3, order: OLDEST) { nodes { id } }
        d: comments(first: 3, after: $after) { nodes { id } } } } }""",
        id=post,
        after=after,
    )
    assert cost == 1 + 4


async def test_texts_that_are_searched_for_in_one_operation_cost_a_statement_each(screens: Screens) -> None:
    aliases = " ".join(
        f'a{place}: search(text: "{text}", first: 3) {{ nodes {{ __typename }} }}'
        for place, text in enumerate(("batchling", "nothing at all", "batchling"))
    )
    data, cost = await screens.show(f"{{ {aliases} }}")
    assert [len(each["nodes"]) for each in data.values()] == [3, 0, 3]
    assert cost == 2


async def test_many_nodes_cost_a_statement_for_each_type(screens: Screens) -> None:
    ids = [f"post_{each}" for each in screens.world.posts] + [f"user_{each}" for each in screens.world.followees]
    data, cost = await screens.show("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[*ids, *ids[:20]])
    assert [each["id"] for each in data["nodes"]] == [*ids, *ids[:20]]
    assert cost == 2


async def test_what_nobody_asks_for_costs_nothing(screens: Screens) -> None:
    assert (await screens.show("{ __typename }"))[1] == 0
    assert (await screens.show("{ feed(first: 50) { nodes { id body createdAt } } }"))[1] == 1
