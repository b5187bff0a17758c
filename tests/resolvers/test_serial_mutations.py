"""Mutations in one document: one after the other, each seeing the world as the one before has left it."""

import pytest

from core.database import Database
from tests import factories
from tests.api import Api, Person
from tests.factories import sql


@pytest.fixture
async def ada(db: Database) -> Person:
    return await factories.person(db)


@pytest.fixture
async def ben(db: Database) -> Person:
    return await factories.person(db)


async def test_each_mutation_sees_what_the_one_before_did(api: Api, db: Database, ada: Person, ben: Person) -> None:
    post = f"post_{await factories.post(db, ben.number)}"
    seen = "... on {0}Success {{ post {{ likeCount commentCount viewerHasLiked author {{ viewerFollow }} }} }}"
    document = f"""mutation ($post: ID!, $ben: ID!) {{
        like: likePost(input: {{ postId: $post }}) {{ {seen.format("LikePost")} }}
        follow: followUser(input: {{ userId: $ben }}) {{ ... on FollowUserSuccess {{ user {{ viewerFollow }} }} }}
        comment: addComment(input: {{ postId: $post, body: "Well." }}) {{ __typename }}
        unlike: unlikePost(input: {{ postId: $post }}) {{ {seen.format("UnlikePost")} }}
    }}"""
    data = await api(document, ada, post=post, ben=ben.id)
    like, unlike = data["like"]["post"], data["unlike"]["post"]
    assert (like["likeCount"], like["viewerHasLiked"], like["commentCount"]) == (1, True, 0)
    assert like["author"] == {"viewerFollow": "NONE"}
    assert data["follow"]["user"] == {"viewerFollow": "FOLLOWING"}
    assert (unlike["likeCount"], unlike["viewerHasLiked"], unlike["commentCount"]) == (0, False, 1)
    assert unlike["author"] == {"viewerFollow": "FOLLOWING"}


async def test_one_refusal_stops_neither_what_came_before_nor_what_comes_after(
    api: Api, db: Database, ada: Person
) -> None:
    document = """mutation {
        a: createPost(input: { body: "One." }) { __typename }
        b: createPost(input: { body: "" }) { __typename ... on InvalidInput { fields { path } } }
        c: createPost(input: { body: "Three." }) { ... on CreatePostSuccess { post { author { postCount } } } }
    }"""
    data = await api(document, ada)
    assert data["a"]["__typename"] == "CreatePostSuccess"
    assert data["b"] == {"__typename": "InvalidInput", "fields": [{"path": ["input", "body"]}]}
    assert data["c"]["post"]["author"]["postCount"] == 2
    made = await sql(db, "select body from posts where author_id = :ada order by id", ada=ada.number)
    assert [row.body for row in made] == ["One.", "Three."]


async def test_what_is_deleted_is_gone_for_the_next_mutation(api: Api, db: Database, ada: Person) -> None:
    post = f"post_{await factories.post(db, ada.number)}"
    document = """mutation ($post: ID!) {
        a: deletePost(input: { postId: $post }) { __typename ... on DeletePostSuccess { deletedId } }
        b: deletePost(input: { postId: $post }) { __typename }
        c: addComment(input: { postId: $post, body: "Well." }) { __typename }
    }"""
    data = await api(document, ada, post=post)
    assert data["a"] == {"__typename": "DeletePostSuccess", "deletedId": post}
    assert data["b"] == data["c"] == {"__typename": "NotFound"}


async def test_who_signs_in_goes_on_as_that_person(api: Api) -> None:
    person = await api.sign_up()
    document = """mutation ($login: String!) {
        signIn(input: { login: $login, password: "correct horse battery" }) { ... on SignInSuccess {
            session { viewer { id } } } }
        createPost(input: { body: "Back again." }) { ... on CreatePostSuccess { post { author { id } } } }
    }"""
    data = await api(document, login=person.handle)
    assert data["signIn"]["session"]["viewer"] == {"id": person.id}
    assert data["createPost"]["post"]["author"] == {"id": person.id}


async def test_a_blocked_user_is_seen_for_the_last_time_without_what_is_hidden_now(
    api: Api, db: Database, ada: Person, ben: Person
) -> None:
    await factories.follow(db, [ada.number], [ben.number])
    await factories.follow(db, [ben.number], [ada.number])
    await factories.posts(db, [ben.number] * 2)
    select = """user { id handle viewerHasBlocked viewerFollow followsViewer postCount followerCount followingCount
        posts { nodes { id } } followers { nodes { id } } following { nodes { id } } }"""
    user = (await api.mutate("blockUser", ada, select, userId=ben.id))["user"]
    none = {"nodes": []}
    assert user == {
        "id": ben.id,
        "handle": ben.handle,
        "viewerHasBlocked": True,
        "viewerFollow": "NONE",
        "followsViewer": False,
        "postCount": 0,
        "followerCount": 0,
        "followingCount": 0,
        "posts": none,
        "followers": none,
        "following": none,
    }
    for viewer, other in ((ada, ben), (ben, ada)):
        assert await api("query ($handle: String!) { user(handle: $handle) { id } }", viewer, handle=other.handle) == {
            "user": None
        }


async def test_a_profile_changes_where_something_is_said_and_null_clears(api: Api, ada: Person) -> None:
    select = "user { name bio avatarUrl isPrivate }"
    first = {"name": "Ada", "bio": " Countess. ", "avatarUrl": "https://example.org/a.png", "isPrivate": True}
    assert (await api.mutate("updateProfile", ada, select, **first))["user"] == first | {"bio": "Countess."}
    unchanged = (await api.mutate("updateProfile", ada, select))["user"]
    assert unchanged == first | {"bio": "Countess."}
    cleared = (await api.mutate("updateProfile", ada, select, bio=None, avatarUrl=None))["user"]
    assert cleared == first | {"bio": None, "avatarUrl": None}


@pytest.mark.parametrize("name", ["name", "isPrivate"])
async def test_a_name_and_privacy_cannot_be_cleared(api: Api, ada: Person, name: str) -> None:
    result = await api.mutate("updateProfile", ada, **{name: None})
    assert result["__typename"] == "InvalidInput"
    assert [field["path"] for field in result["fields"]] == [["input", name]]


async def test_a_private_user_is_asked_and_answers_who_asked(api: Api, db: Database, ada: Person) -> None:
    private = await factories.person(db, is_private=True)
    asked = await api.mutate("followUser", ada, "user { viewerFollow followerCount }", userId=private.id)
    assert asked["user"] == {"viewerFollow": "REQUESTED", "followerCount": 0}
    assert (await api("{ followRequests { nodes { id } } }", private))["followRequests"] == {"nodes": [{"id": ada.id}]}
    accepted = await api.mutate("acceptFollow", private, "user { id followsViewer }", userId=ada.id)
    assert accepted["user"] == {"id": ada.id, "followsViewer": True}
    assert (await api("{ followRequests { nodes { id } } }", private))["followRequests"] == {"nodes": []}
