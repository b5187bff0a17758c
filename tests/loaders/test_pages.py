"""Walking through lists: every row once, in order, whatever happens meanwhile."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from core.database import Database
from tests import factories
from tests.api import Api, Person

PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { ... on Node { id } } }"


@pytest.fixture(scope="module")
async def viewer(db: Database) -> Person:
    return await factories.person(db)


async def walk(api: Api, viewer: Person, field: str, first: int = 3, **variables: Any) -> AsyncIterator[list[str]]:
    """The ids of each page of a connection: `field` has `PAGE` where its selection stands, and `%s` its arguments."""
    after = None
    while True:
        arguments = f"first: {first}" + (f', after: "{after}"' if after else "")
        data = await api(field.replace("%s", arguments).replace("PAGE", PAGE), viewer, **variables)
        while "pageInfo" not in data:
            [data] = data.values()
        page, edges = data["pageInfo"], data["edges"]
        assert page["hasPreviousPage"] == (after is not None)
        assert [page["startCursor"], page["endCursor"]] == (
            [edges[0]["cursor"], edges[-1]["cursor"]] if edges else [None, None]
        )
        yield [edge["node"]["id"] for edge in edges]
        if not page["hasNextPage"]:
            return
        after = page["endCursor"]


async def all_of(pages: AsyncIterator[list[str]]) -> list[str]:
    return [each async for page in pages for each in page]


def _list_of(kind: str, number: int, field: str) -> str:
    return f'{{ node(id: "{kind}_{number}") {{ ... on {kind.title()} {{ {field} {{ PAGE }} }} }} }}'


def named(kind: str, numbers: list[int]) -> list[str]:
    return [f"{kind}_{number}" for number in numbers]


async def test_an_authors_posts_come_newest_first_and_once_each(api: Api, db: Database, viewer: Person) -> None:
    author = await factories.user(db)
    posts = await factories.posts(db, [author] * 8)
    found = walk(api, viewer, _list_of("user", author, "posts(%s)"))
    assert await all_of(found) == named("post", posts[::-1])


async def test_a_feed_has_the_viewers_own_posts_and_those_of_followees(api: Api, db: Database) -> None:
    reader = await factories.person(db)
    followees, strangers = await factories.users(db, 4), await factories.users(db, 4)
    await factories.follow(db, [reader.number], followees)
    posts = await factories.posts(db, [*followees, reader.number, *followees])
    await factories.posts(db, strangers)
    assert await all_of(walk(api, reader, "{ feed(%s) { PAGE } }")) == named("post", posts[::-1])


@pytest.mark.parametrize("side", ["followers", "following"])
async def test_followers_and_followees_come_latest_first(api: Api, db: Database, viewer: Person, side: str) -> None:
    star, people = await factories.user(db), await factories.users(db, 7)
    for each in people:
        await factories.follow(db, *(([each], [star]) if side == "followers" else ([star], [each])))
    found = walk(api, viewer, _list_of("user", star, f"{side}(%s)"))
    assert await all_of(found) == named("user", people[::-1])


async def test_requests_come_latest_first(api: Api, db: Database) -> None:
    private, people = await factories.person(db, is_private=True), await factories.users(db, 7)
    for each in people:
        await factories.request(db, [each], [private.number])
    assert await all_of(walk(api, private, "{ followRequests(%s) { PAGE } }")) == named("user", people[::-1])


@pytest.mark.parametrize(("order", "sort"), [("NEWEST", lambda ids: ids[::-1]), ("OLDEST", list)])
@pytest.mark.parametrize("parent", ["post", "comment"])
async def test_comments_come_in_the_order_asked_for(
    api: Api, db: Database, viewer: Person, parent: str, order: str, sort: Callable[[list[int]], list[int]]
) -> None:
    parents, comments, field = await _two_threads(db, parent)
    for number, theirs in zip(parents, comments, strict=True):
        query = _list_of(parent, number, f"{field}(%s, order: {order})")
        assert await all_of(walk(api, viewer, query)) == named("comment", sort(theirs))


@pytest.mark.parametrize("parent", ["post", "comment"])
async def test_top_comments_come_by_likes_and_each_parent_has_its_own(
    api: Api, db: Database, viewer: Person, parent: str
) -> None:
    parents, comments, field = await _two_threads(db, parent)
    fans = await factories.users(db, 7)
    for theirs in comments:
        for place, each in enumerate(theirs[:5]):
            await factories.like_comments(db, fans[: place + 1], [each])
    expected = [named("comment", [*theirs[4::-1], *theirs[:4:-1]]) for theirs in comments]
    query = f"""query ($ids: [ID!]!) {{ nodes(ids: $ids) {{
        ... on {parent.title()} {{ {field}(first: 10, order: TOP) {{ nodes {{ id }} }} }} }} }}"""
    nodes = (await api(query, viewer, ids=named(parent, parents)))["nodes"]
    assert [[each["id"] for each in node[field]["nodes"]] for node in nodes] == expected
    one = _list_of(parent, parents[0], f"{field}(%s, order: TOP)")
    assert await all_of(walk(api, viewer, one)) == expected[0]


async def _two_threads(db: Database, parent: str) -> tuple[list[int], list[list[int]], str]:
    """Two parents with eight comments each beneath them, written in turns."""
    author = await factories.user(db)
    posts = await factories.posts(db, [author] * 2)
    if parent == "post":
        parents, above, field = posts, [{"post_id": post} for post in posts], "comments"
    else:
        parents = [await factories.comment(db, post, author) for post in posts]
        above = [{"post_id": post, "parent_id": each, "depth": 1} for post, each in zip(posts, parents, strict=True)]
        field = "replies"
    comments = await factories.make(db, factories.Comment, [{"author_id": author, **above[n % 2]} for n in range(16)])
    return parents, [comments[0::2], comments[1::2]], field


async def test_what_comes_in_while_one_walks_moves_nothing(api: Api, db: Database, viewer: Person) -> None:
    author = await factories.user(db)
    posts = await factories.posts(db, [author] * 6)
    seen: list[str] = []
    async for page in walk(api, viewer, _list_of("user", author, "posts(%s)"), first=2):
        seen += page
        await factories.post(db, author)
    assert seen == named("post", posts[::-1])


async def test_a_search_ranks_and_walks_through_all_that_it_finds(api: Api, db: Database, viewer: Person) -> None:
    author = await factories.user(db)
    weak = await factories.posts(db, [author] * 5, body="One quokka, among a great many other animals of the island.")
    strong = await factories.posts(db, [author] * 2, body="Quokka quokka quokka.")
    found = await all_of(walk(api, viewer, '{ search(text: "quokka", %s) { PAGE } }'))
    assert found == named("post", strong[::-1] + weak[::-1])


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("numbat termite", {"both"}),
        ('"numbat eats"', {"phrase"}),
        ("numbat -termite", {"phrase"}),
        ("NUMBAT", {"both", "phrase"}),
        ("100%", set()),
        ("' ; drop table posts", set()),
    ],
)
async def test_words_phrases_and_exclusions_find_posts(
    api: Api, db: Database, viewer: Person, text: str, finds: set[str]
) -> None:
    author = await factories.user(db)
    bodies = {"both": "A termite, says the numbat.", "phrase": "The numbat eats."}
    ids = {f"post_{await factories.post(db, author, body=body)}": name for name, body in bodies.items()}
    data = await api(
        "query ($text: String!) { search(text: $text, first: 50) { nodes { ... on Post { id } } } }", viewer, text=text
    )
    assert {ids[node["id"]] for node in data["search"]["nodes"] if node["id"] in ids} == finds


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("zelda_q", {"zelda_quinn"}),
        ("quinn", {"zelda_quinn"}),
        ("zelda qinn", {"zelda_quinn"}),
        ("élod", {"elodie"}),
        ("ДМИТРИЙ", {"dmitri"}),
        ("李小龙", {"bruce"}),
        ("_______", set()),
        ("%%%", set()),
    ],
)
async def test_people_are_found_by_the_likeness_of_handle_and_name(
    api: Api, db: Database, viewer: Person, text: str, finds: set[str]
) -> None:
    names = {"zelda_quinn": "Zelda Quinn", "elodie": "Élodie Dupont", "dmitri": "Дмитрий Иванов", "bruce": "李小龙 Lee"}
    there = await factories.sql(db, "select handle from users where handle = 'elodie'")
    if not there:
        await factories.make(db, factories.User, [{"handle": handle, "name": name} for handle, name in names.items()])
    query = "query ($text: String!) { search(text: $text, kind: USERS, first: 5) { nodes { ... on User { handle } } } }"
    nodes = (await api(query, viewer, text=text))["search"]["nodes"]
    assert {node["handle"] for node in nodes} & names.keys() == finds
