"""Every mutation through the API: what it answers when it works, and each refusal as a type with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLUnionType, get_named_type

from core.database import Database
from schema.root import schema
from tests import factories
from tests.api import Api, Person, Rows

MUTATIONS = schema._schema.mutation_type.fields
BY_LINK = ("verifyEmail", "resetPassword", "requestPasswordReset")
BY_PASSKEY = ("beginPasskeySignIn", "signInWithPasskey")
BY_ANYBODY = ("signUp", "signIn", "refreshSession", "createCaptchaChallenge", "completeSignIn", *BY_PASSKEY, *BY_LINK)
OF_FACTORS = (
    *("beginTotp", "confirmTotp", "disableTotp", "newRecoveryCodes"),
    *("beginPasskey", "addPasskey", "renamePasskey", "removePasskey", "unlinkIdentity"),
)
OF_ACCOUNTS = ("changePassword", "changeEmail", "resendVerification", *OF_FACTORS)
BY_STAFF = ("suspendUser", "reinstateUser", "setRole")
"""From whom nothing is hidden: see tests/domain/test_moderation.py and tests/transport/test_suspension.py."""
OF_APPS = ("createApp", "updateApp", "rotateAppSecret", "deleteApp", "deauthorizeApp")
"""See tests/auth/oauth/test_apps.py."""
OF_ACCESS = ("createPersonalToken", "revokePersonalToken", "endSession", "endOtherSessions")
"""See tests/auth/test_access.py."""
WITHOUT_IDS = (*BY_ANYBODY, *OF_ACCOUNTS, "createApp", "signOut", "updateProfile", "createPost")
OWNERS = ("editPost", "deletePost", "editComment", "deleteComment")
SECRETS = {
    "email": "ada@example.org",
    "password": "-",
    "currentPassword": "-",
    "newPassword": "-",
    "token": "-",
    "code": "-",
    "credential": "-",
    "passkeyId": "passkey_1",
    "keepsSecret": True,
    "scopes": ["posts:read"],
    "redirectUris": ["https://app.example/"],
    "identityId": "identity_1",
}
OF_USERS = ("followUser", "unfollowUser", "acceptFollow", "declineFollow", "blockUser", "unblockUser")


@dataclass(frozen=True)
class World:
    """A viewer with a post and a comment, and somebody else with the same, whom the viewer may follow."""

    db: Database
    me: Person
    other: Person
    ids: dict[str, str]

    def input(self, name: str, /, **changed: Any) -> dict[str, Any]:
        """An input that works for `me`, as far as ids and texts go."""
        kind = get_named_type(MUTATIONS[name].args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        given = {"body": "Hello.", "name": "Ada", **SECRETS, **self.ids, **changed}
        if name not in OWNERS:
            given |= {"postId": self.ids["otherPostId"], "commentId": self.ids["otherCommentId"], **changed}
        return {field: given[field] for field in kind.fields if field in given}


@pytest.fixture
async def world(db: Database) -> World:
    me, other = await factories.person(db), await factories.person(db)
    ids = {"userId": other.id, "appId": "app_2", "sessionId": "session_2", "personalTokenId": "session_2"}
    for prefix, person in (("", me), ("other", other)):
        post = await factories.post(db, person.number)
        comment = await factories.comment(db, post, person.number)
        for kind, number in (("post", post), ("comment", comment)):
            name = f"{prefix}{kind.title()}Id" if prefix else f"{kind}Id"
            ids[name] = f"{kind}_{number}"
    await factories.request(db, [other.number], [me.number])
    return World(db, me, other, ids)


def _query(name: str, select: str = "__typename") -> str:
    result = get_named_type(MUTATIONS[name].type)
    kind = name[0].upper() + name[1:]
    head, given = (f"($input: {kind}Input!)", "(input: $input)") if MUTATIONS[name].args else ("", "")
    assert isinstance(result, GraphQLUnionType)
    fields = "... on InvalidInput { fields { path message } }" if "InvalidInput" in str(result.types) else ""
    return f"""mutation {head} {{ result: {name}{given} {{ __typename ... on Error {{ code message }} {fields}
        ... on {kind}Success {{ {select} }} }} }}"""


async def _run(api: Api, name: str, viewer: Person | None, input: dict[str, Any], select: str = "__typename") -> dict:
    given = {"input": input} if MUTATIONS[name].args else {}
    return (await api(_query(name, select), viewer, **given))["result"]


SUCCESSES = {
    "updateProfile": ("user { name }", {"user": {"name": "Ada"}}),
    "createPost": (
        "post { body visibility likeCount }",
        {"post": {"body": "Hello.", "visibility": "PUBLIC", "likeCount": 0}},
    ),
    "editPost": ("post { id body }", {"post": {"id": "postId", "body": "Hello."}}),
    "deletePost": ("deletedId", {"deletedId": "postId"}),
    "likePost": (
        "post { id likeCount viewerHasLiked }",
        {"post": {"id": "otherPostId", "likeCount": 1, "viewerHasLiked": True}},
    ),
    "unlikePost": (
        "post { id likeCount viewerHasLiked }",
        {"post": {"id": "otherPostId", "likeCount": 0, "viewerHasLiked": False}},
    ),
    "addComment": (
        "comment { body depth post { id commentCount } parent { id } }",
        {"comment": {"body": "Hello.", "depth": 0, "post": {"id": "otherPostId", "commentCount": 2}, "parent": None}},
    ),
    "editComment": ("comment { id body }", {"comment": {"id": "commentId", "body": "Hello."}}),
    "deleteComment": ("deletedId", {"deletedId": "commentId"}),
    "likeComment": (
        "comment { id likeCount viewerHasLiked }",
        {"comment": {"id": "otherCommentId", "likeCount": 1, "viewerHasLiked": True}},
    ),
    "unlikeComment": (
        "comment { id likeCount viewerHasLiked }",
        {"comment": {"id": "otherCommentId", "likeCount": 0, "viewerHasLiked": False}},
    ),
    "followUser": (
        "user { id viewerFollow followerCount }",
        {"user": {"id": "userId", "viewerFollow": "FOLLOWING", "followerCount": 1}},
    ),
    "unfollowUser": (
        "user { id viewerFollow followerCount }",
        {"user": {"id": "userId", "viewerFollow": "NONE", "followerCount": 0}},
    ),
    "acceptFollow": (
        "user { id followsViewer followingCount }",
        {"user": {"id": "userId", "followsViewer": True, "followingCount": 1}},
    ),
    "declineFollow": ("user { id followsViewer }", {"user": {"id": "userId", "followsViewer": False}}),
    "blockUser": ("user { id viewerHasBlocked }", {"user": {"id": "userId", "viewerHasBlocked": True}}),
    "unblockUser": ("user { id viewerHasBlocked }", {"user": {"id": "userId", "viewerHasBlocked": False}}),
    "signOut": ("signedOut", {"signedOut": True}),
}
"""What to select, and the answer: an id by the name of the argument that it was given for."""


@pytest.mark.parametrize(
    "name", [name for name in MUTATIONS if name not in (*BY_ANYBODY, *OF_ACCOUNTS, *BY_STAFF, *OF_APPS, *OF_ACCESS)]
)
async def test_success_carries_what_changed(api: Api, world: World, name: str) -> None:
    select, expected = SUCCESSES[name]
    result = await _run(api, name, world.me, world.input(name) if MUTATIONS[name].args else {}, select)
    kind = name[0].upper() + name[1:]
    assert result == {"__typename": f"{kind}Success", **_with_ids(expected, world.ids)}


def _with_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _with_ids(each, ids) for name, each in value.items()}
    return ids.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name not in (*BY_ANYBODY, *BY_STAFF)])
async def test_who_is_signed_out_changes_nothing(api: Api, world: World, rows: Rows, name: str) -> None:
    before = await rows()
    result = await _run(api, name, None, world.input(name) if MUTATIONS[name].args else {})
    assert (result["__typename"], result["code"]) == ("NotSignedIn", "NOT_SIGNED_IN")
    assert await rows() == before


def _id_arguments() -> Iterator[tuple[str, str]]:
    for name, field in MUTATIONS.items():
        for argument in field.args.values() if name not in BY_STAFF else ():
            kind = get_named_type(argument.type)
            assert isinstance(kind, GraphQLInputObjectType)
            yield from ((name, each) for each, given in kind.fields.items() if get_named_type(given.type).name == "ID")


ID_ARGUMENTS = list(_id_arguments())


@pytest.mark.parametrize(("name", "argument"), ID_ARGUMENTS)
async def test_an_id_of_another_kind_is_refused_at_its_argument(
    api: Api, world: World, rows: Rows, name: str, argument: str
) -> None:
    before = await rows()
    of_another_kind = "post_1" if argument == "userId" else "user_1"
    for wrong in ("", "nonsense", f"post_{2**63}", f"session_{2**63}", of_another_kind):
        result = await _run(api, name, world.me, world.input(name, **{argument: wrong}))
        assert (result["__typename"], result["code"]) == ("InvalidInput", "INVALID_INPUT")
        assert [field["path"] for field in result["fields"]] == [["input", argument]]
    assert await rows() == before


@pytest.mark.parametrize(("name", "argument"), [each for each in ID_ARGUMENTS if each[0] not in OF_FACTORS])
async def test_what_is_hidden_is_refused_like_what_is_absent(
    api: Api, world: World, rows: Rows, name: str, argument: str
) -> None:
    hidden = world.ids.get(f"other{argument[0].upper()}{argument[1:]}", world.ids.get(argument))
    if argument == "parentId":
        post = int(world.ids["otherPostId"].removeprefix("post_"))
        enemy = await factories.user(world.db)
        await factories.block(world.db, [enemy], [world.me.number])
        hidden = f"comment_{await factories.comment(world.db, post, enemy)}"
    else:
        await factories.block(world.db, [world.other.number], [world.me.number])
    before = await rows()
    absent = f"{hidden.split('_')[0]}_1"
    answers = [await _run(api, name, world.me, world.input(name, **{argument: each})) for each in (hidden, absent)]
    assert answers[0] == answers[1]
    assert (answers[0]["__typename"], answers[0]["code"]) == ("NotFound", "NOT_FOUND")
    assert await rows() == before


@pytest.mark.parametrize("name", OWNERS)
async def test_what_is_somebody_elses_is_forbidden(api: Api, world: World, rows: Rows, name: str) -> None:
    before = await rows()
    theirs = {"postId": world.ids["otherPostId"], "commentId": world.ids["otherCommentId"]}
    result = await _run(api, name, world.me, world.input(name, **theirs))
    assert (result["__typename"], result["code"]) == ("Forbidden", "FORBIDDEN")
    assert await rows() == before


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("createPost", "body", " "),
        ("createPost", "clientMutationId", ""),
        ("editPost", "body", "x" * 5001),
        ("addComment", "body", "a\0b"),
        ("addComment", "clientMutationId", "x" * 101),
        ("editComment", "body", "x" * 2001),
        ("updateProfile", "name", "a\nb"),
        ("updateProfile", "bio", "x" * 501),
        ("updateProfile", "avatarUrl", "http://example.org"),
    ],
)
async def test_a_text_that_cannot_be_is_refused_at_its_argument(
    api: Api, world: World, rows: Rows, name: str, argument: str, value: str
) -> None:
    before = await rows()
    result = await _run(api, name, world.me, world.input(name, **{argument: value}))
    assert result["__typename"] == "InvalidInput"
    assert [field["path"] for field in result["fields"]] == [["input", argument]]
    assert await rows() == before


@pytest.mark.parametrize("name", ["followUser", "unfollowUser", "blockUser", "unblockUser"])
async def test_nobody_does_it_to_themselves(api: Api, world: World, name: str) -> None:
    result = await _run(api, name, world.me, {"userId": world.me.id})
    assert [field["path"] for field in result["fields"]] == [["input", "userId"]]


async def test_a_key_used_for_another_input_is_a_conflict(api: Api, world: World) -> None:
    for name in ("createPost", "addComment"):
        for body, expected in (("One.", f"{name[0].upper()}{name[1:]}Success"), ("Two.", "Conflict")):
            result = await _run(api, name, world.me, world.input(name, body=body, clientMutationId=name))
            assert result["__typename"] == expected
