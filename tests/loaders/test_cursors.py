"""Where a page begins: after a cursor of its own list, and nowhere else; and what is hidden takes no place on it."""

from base64 import urlsafe_b64encode

import pytest

from core.database import Database
from tests import factories
from tests.api import Api, Person
from tests.loaders.test_pages import all_of, named, walk

LISTS = {
    "latest": "{ latest(ARGS) { PAGE } }",
    "feed": "{ feed(ARGS) { PAGE } }",
    "requests": "{ followRequests(ARGS) { PAGE } }",
    "posts found": '{ search(text: "bilby", ARGS) { PAGE } }',
    "people found": '{ search(text: "bilby", kind: USERS, ARGS) { PAGE } }',
    "posts": "query ($user: ID!) { node(id: $user) { ... on User { posts(ARGS) { PAGE } } } }",
    "followers": "query ($user: ID!) { node(id: $user) { ... on User { followers(ARGS) { PAGE } } } }",
    "following": "query ($user: ID!) { node(id: $user) { ... on User { following(ARGS) { PAGE } } } }",
    "newest": "query ($post: ID!) { node(id: $post) { ... on Post { comments(ARGS) { PAGE } } } }",
    "oldest": "query ($post: ID!) { node(id: $post) { ... on Post { comments(order: OLDEST, ARGS) { PAGE } } } }",
    "top": "query ($post: ID!) { node(id: $post) { ... on Post { comments(order: TOP, ARGS) { PAGE } } } }",
    "replies": "query ($comment: ID!) { node(id: $comment) { ... on Comment { replies(ARGS) { PAGE } } } }",
    "top replies": """query ($comment: ID!) {
        node(id: $comment) { ... on Comment { replies(order: TOP, ARGS) { PAGE } } } }""",
}


class Asker:
    """Somebody with something in each list, who asks for pages of them."""

    def __init__(self, api: Api, viewer: Person, **ids: str) -> None:
        self.api, self.viewer, self.ids = api, viewer, ids

    async def ask(self, name: str, arguments: str) -> dict:
        text = LISTS[name].replace("ARGS", arguments).replace("PAGE", "pageInfo { endCursor } nodes { __typename }")
        given = {each: value for each, value in self.ids.items() if f"${each}" in text}
        return await self.api.answer(text, self.viewer, **given)

    async def end_cursor(self, name: str) -> str:
        data = (await self.ask(name, "first: 1"))["data"]
        while "pageInfo" not in data:
            [data] = data.values()
        assert data["nodes"], name
        return data["pageInfo"]["endCursor"]


@pytest.fixture(scope="module")
async def asker(api: Api, db: Database) -> Asker:
    me = await factories.person(db, name="Bilby")
    others = await factories.users(db, 2)
    await factories.follow(db, others, [me.number])
    await factories.follow(db, [me.number], others)
    await factories.request(db, others, [me.number])
    post = await factories.post(db, me.number, body="bilby")
    comment = await factories.comment(db, post, me.number)
    await factories.comment(db, post, me.number, parent_id=comment, depth=1)
    return Asker(api, me, user=me.id, post=f"post_{post}", comment=f"comment_{comment}")


def _refusal(answer: dict) -> tuple[str, list]:
    [error] = answer["errors"]
    return error["extensions"]["code"], [field["path"] for field in error["extensions"]["fields"]]


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_of_another_list_is_refused(asker: Asker, name: str) -> None:
    own = await asker.end_cursor(name)
    assert "errors" not in await asker.ask(name, f'first: 1, after: "{own}"')
    for other in LISTS.keys() - {name}:
        cursor = await asker.end_cursor(other)
        assert _refusal(await asker.ask(name, f'first: 1, after: "{cursor}"')) == ("INVALID_INPUT", [["after"]]), other


def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "====",
        "a" * 5000,
        *map(_encoded, ["latest", "latest:", "latest:x", "latest:1:2", f"latest:{2**63}"]),
    ],
)
async def test_what_is_no_cursor_is_refused(asker: Asker, cursor: str) -> None:
    assert _refusal(await asker.ask("latest", f'first: 1, after: "{cursor}"')) == ("INVALID_INPUT", [["after"]])


@pytest.mark.parametrize("first", [0, -1, 101, 2_147_483_647])
@pytest.mark.parametrize("name", ["latest", "people found", "top"])
async def test_a_page_of_another_size_than_1_to_100_is_refused(asker: Asker, name: str, first: int) -> None:
    assert _refusal(await asker.ask(name, f"first: {first}")) == ("INVALID_INPUT", [["first"]])


async def test_a_forged_place_begins_a_page_there(asker: Asker) -> None:
    """A cursor gives no right: who makes one up moves to another place of the same list."""
    answer = await asker.ask("latest", f'first: 1, after: "{_encoded("latest:5")}"')
    assert answer["data"]["latest"]["nodes"] == []


async def test_latest_has_what_is_for_all_and_leaves_no_gap_for_what_is_not(api: Api, db: Database) -> None:
    reader, friend = await factories.person(db), await factories.user(db)
    private, enemy = await factories.user(db, is_private=True), await factories.user(db)
    await factories.follow(db, [reader.number], [friend, private])
    await factories.block(db, [enemy], [reader.number])
    shown = []
    for _ in range(4):
        await factories.posts(db, [enemy, private])
        await factories.post(db, friend, visibility="FOLLOWERS")
        shown.append(await factories.post(db, friend))
    found: list[str] = []
    async for page in walk(api, reader, "{ latest(%s) { PAGE } }"):
        found += page
        if len(found) >= 4:
            break
    assert found[:4] == named("post", shown[::-1])


async def test_what_is_hidden_takes_no_place_on_a_page(api: Api, db: Database) -> None:
    reader, star = await factories.person(db), await factories.user(db)
    fans, enemies = await factories.users(db, 5), await factories.users(db, 5)
    post = await factories.post(db, star)
    comments = []
    for fan, enemy in zip(fans, enemies, strict=True):
        await factories.follow(db, [fan], [star])
        await factories.follow(db, [enemy], [star])
        comments.append(await factories.comment(db, post, fan))
        await factories.comment(db, post, enemy)
    await factories.block(db, enemies, [reader.number])
    followers = walk(
        api, reader, f'{{ node(id: "user_{star}") {{ ... on User {{ followers(%s) {{ PAGE }} }} }} }}', first=2
    )
    assert [len(page) async for page in followers] == [2, 2, 1]
    for order in ("NEWEST", "OLDEST", "TOP"):
        query = f'{{ node(id: "post_{post}") {{ ... on Post {{ comments(%s, order: {order}) {{ PAGE }} }} }} }}'
        expected = named("comment", comments if order == "OLDEST" else comments[::-1])
        assert await all_of(walk(api, reader, query, first=2)) == expected


async def test_people_are_found_exact_handles_first_then_what_holds_the_text_then_what_is_like_it(
    api: Api, db: Database
) -> None:
    reader = await factories.person(db)
    [alike, holds, exact] = [
        await factories.user(db, handle=handle, name=name)
        for handle, name in (("h_one", "Echidnna"), ("h_two", "The echidna's friend"), ("echidna", "Somebody"))
    ]
    found = walk(api, reader, '{ search(text: "Echidna", kind: USERS, %s) { PAGE } }', first=1)
    assert await all_of(found) == named("user", [exact, holds, alike])
