"""Cursors, texts and acts that make no sense: refused with a reason, and nothing is half done."""

import unicodedata
from base64 import urlsafe_b64encode

import pytest

from tests.api import Api, Person, Rows

pytestmark = pytest.mark.usefixtures("quiet")

POST, COMMENT = 5_000, 2_000
LISTS = {
    "latest": "{ latest(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }",
    "feed": "{ feed(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }",
    "followRequests": "{ followRequests(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }",
    "search posts": '{ search(text: "cursor", after: $after) { nodes { __typename } pageInfo { endCursor } } }',
    "search users": '{ search(text: "somebody", kind: USERS, after: $after) { pageInfo { endCursor } } }',
    "posts": "{ viewer { posts(first: 1, after: $after) { pageInfo { endCursor } } } }",
    "followers": "{ viewer { followers(first: 1, after: $after) { pageInfo { endCursor } } } }",
    "following": "{ viewer { following(first: 1, after: $after) { pageInfo { endCursor } } } }",
    "comments": "{ latest(first: 1) { nodes { comments(first: 1, after: $after) { pageInfo { endCursor } } } } }",
    "top comments": "{ latest(first: 1) { nodes { comments(order: TOP, after: $after) { pageInfo { endCursor } } } } }",
    "replies": "{ latest(first: 1) { nodes { comments { nodes { replies(after: $after) { pageInfo { endCursor } }}}}}}",
}


def cursor_of(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


BAD_CURSORS = {
    "empty": "",
    "space": " ",
    "garbage": "garbage!",
    "not base64": "%%%",
    "not UTF-8": "____",
    "padded": urlsafe_b64encode(b"latest:10").decode() + "==",
    "no key": cursor_of("latest"),
    "empty key": cursor_of("latest:"),
    "two keys": cursor_of("latest:1:2"),
    "word": cursor_of("latest:x"),
    "fraction": cursor_of("latest:1.5"),
    "too large": cursor_of(f"latest:{2**63}"),
    "huge": cursor_of("latest:" + "9" * 10_000),
    "underscore": cursor_of("latest:1_0"),
    "sign": cursor_of("latest:+1"),
    "blank": cursor_of("latest: 1"),
    "other digits": cursor_of("latest:١"),
    "other list": cursor_of("elsewhere:1"),
    "noise inside": f"{cursor_of('latest:1')[:4]}*{cursor_of('latest:1')[4:]}",
    "NUL": "\0",
    "emoji": "🦜",
    "long": "x" * 100_000,
}


@pytest.fixture(scope="module")
async def ada(api: Api) -> Person:
    return await api.sign_up(name="Somebody with lists")


@pytest.fixture(scope="module")
async def cursors(api: Api, ada: Person) -> dict[str, str]:
    """A cursor of each list."""
    bob, asker = await api.sign_up(name="Somebody else"), await api.sign_up()
    await api.follow(ada, bob)
    await api.follow(bob, ada)
    await api.mutate("updateProfile", ada, isPrivate=True)
    await api.mutate("followUser", asker, userId=ada.id)
    await api.create_post(ada, "A cursor's post.")
    post = await api.create_post(bob, "Another cursor's post.")
    comment = await api.add_comment(bob, post)
    await api.add_comment(bob, post, parent_id=comment)
    found = {}
    for name, query in LISTS.items():
        data: object = await api("query ($after: Cursor) " + query, ada)
        while "endCursor" not in data:
            data = next(iter(data.values())) if "pageInfo" not in data else data["pageInfo"]
            data = data[0] if isinstance(data, list) else data
        found[name] = data["endCursor"]
    assert all(found.values()), found
    return found


async def refused_after(api: Api, query: str, ada: Person, cursor: str) -> None:
    answer = await api.answer("query ($after: Cursor) " + query, ada, after=cursor)
    error = answer["errors"][0]
    assert error["extensions"]["code"] == "INVALID_INPUT", cursor
    assert error["extensions"]["fields"][0]["path"] == ["after"]
    assert "endCursor" in error["message"]


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_is_good_for_its_own_list_only(api: Api, ada: Person, cursors: dict[str, str], name: str):
    assert "errors" not in await api.answer("query ($after: Cursor) " + LISTS[name], ada, after=cursors[name])
    for other, cursor in cursors.items():
        if other != name:
            await refused_after(api, LISTS[name], ada, cursor)


@pytest.mark.parametrize("cursor", BAD_CURSORS.values(), ids=BAD_CURSORS)
async def test_a_cursor_that_nobody_gave_out_is_refused(api: Api, ada: Person, cursor: str):
    await refused_after(api, LISTS["latest"], ada, cursor)


# Texts

EMPTY = {
    "nothing": "",
    "blanks": " \t\r\n ",
    "no-break spaces": "\xa0\u2003\u3000",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "direction marks": "\u200e\u200f\u202e\u2066",
    "soft hyphens": "\xad\xad",
    "line separators": "\u2028\u2029",
    "blanks and zero width": " \u200b \u200b ",
}


async def write(api: Api, ada: Person, body: str) -> list[dict]:
    """The results of writing this text in every place there is for one."""
    post = await api.create_post(ada)
    comment = await api.add_comment(ada, post)
    return [
        await api.mutate("createPost", ada, "post { body }", body=body),
        await api.mutate("editPost", ada, "post { body }", postId=post, body=body),
        await api.mutate("addComment", ada, "comment { body }", postId=post, body=body),
        await api.mutate("editComment", ada, "comment { body }", commentId=comment, body=body),
    ]


@pytest.mark.parametrize("body", EMPTY.values(), ids=EMPTY)
async def test_a_text_in_which_nothing_is_to_be_seen_is_refused(api: Api, ada: Person, rows: Rows, body: str):
    for result in await write(api, ada, body):
        assert result["fields"] == [{"path": ["input", "body"], "message": "Write something: this is empty."}]
    assert "fields" in await api.mutate("updateProfile", ada, name=body)
    answer = await api.answer("query ($text: String!) { search(text: $text) { nodes { __typename } } }", text=body)
    assert answer["errors"][0]["extensions"]["fields"][0]["path"] == ["text"]


async def test_a_text_that_is_too_long_is_refused_with_the_limit(api: Api, ada: Person, rows: Rows):
    post = await api.create_post(ada)
    before = await rows()
    refused = await api.mutate("createPost", ada, body="x" * (POST + 1))
    assert refused["fields"] == [{"path": ["input", "body"], "message": "At most 5,000 characters; this has 5,001."}]
    refused = await api.mutate("addComment", ada, postId=post, body="🦜" * (COMMENT + 1))
    assert refused["fields"] == [{"path": ["input", "body"], "message": "At most 2,000 characters; this has 2,001."}]
    assert (await api.mutate("updateProfile", ada, bio="x" * 501))["code"] == "INVALID_INPUT"
    assert (await api.mutate("updateProfile", ada, avatarUrl=f"https://a.de/{'x' * 2000}"))["code"] == "INVALID_INPUT"
    assert await rows() == before


async def test_limits_count_characters_and_not_bytes(api: Api, ada: Person):
    for body in ("🦜" * POST, "x" * POST, " " + "ä" * POST + "\n", "a\u0308" * POST):
        made = await api.mutate("createPost", ada, "post { body }", body=body)
        assert made["post"]["body"] == unicodedata.normalize("NFC", body.strip())


@pytest.mark.parametrize(
    "url", ["", "x", "http://a.de/a.png", "javascript:alert(1)", "https://", "https://a b", "//a.de"]
)
async def test_a_picture_must_have_an_https_address(api: Api, ada: Person, url: str):
    refused = await api.mutate("updateProfile", ada, avatarUrl=url)
    assert [field["path"] for field in refused["fields"]] == [["input", "avatarUrl"]]


@pytest.mark.parametrize("key", ["", "x" * 101, "\0", "a\nb"])
async def test_an_unusable_client_mutation_id_is_refused(api: Api, ada: Person, rows: Rows, key: str):
    before = await rows()
    refused = await api.mutate("createPost", ada, body="Hello.", clientMutationId=key)
    assert [field["path"] for field in refused["fields"]] == [["input", "clientMutationId"]]
    assert await rows() == before


# Acts


@pytest.mark.parametrize("act", ["followUser", "unfollowUser", "blockUser", "unblockUser"])
async def test_nobody_follows_or_blocks_themselves(api: Api, ada: Person, rows: Rows, act: str):
    before = await rows()
    refused = await api.mutate(act, ada, userId=ada.id)
    assert refused["code"] == "INVALID_INPUT"
    assert refused["fields"][0]["path"] == ["input", "userId"]
    assert "yourself" in refused["message"]
    assert await rows() == before


@pytest.mark.parametrize("act", ["acceptFollow", "declineFollow"])
async def test_there_is_no_request_of_oneself_or_of_who_has_not_asked(api: Api, ada: Person, rows: Rows, act: str):
    bob = await api.sign_up()
    before = await rows()
    for person in (ada, bob):
        assert (await api.mutate(act, ada, userId=person.id))["code"] == "NOT_FOUND"
    assert await rows() == before


async def test_a_reply_stands_under_a_comment_of_the_same_post(api: Api, ada: Person, rows: Rows):
    one, other = await api.create_post(ada), await api.create_post(ada)
    comment = await api.add_comment(ada, other)
    before = await rows()
    refused = await api.mutate("addComment", ada, postId=one, parentId=comment, body="Well.")
    assert refused["fields"] == [{"path": ["input", "parentId"], "message": "This comment belongs to another post."}]
    assert await rows() == before
