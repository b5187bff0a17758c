"""Arguments that can't be used, through every root field and mutation that takes such: refused, and nothing is done."""

from dataclasses import dataclass

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLID,
    GraphQLInputObjectType,
    get_named_type,
    is_input_object_type,
    is_leaf_type,
)

from core.ids import LARGEST
from schema.root import schema
from tests.api import PASSWORD, Api, Person, Rows

pytestmark = pytest.mark.usefixtures("quiet")

QUERIES = schema._schema.query_type.fields
MUTATIONS = schema._schema.mutation_type.fields
MALFORMED_IDS = [
    "", " ", "post", "post_", "post_abc", "_1", "7301", "post_-1", "post_01", "post_+1", "post_1.0", "post_1e3",
    "post_0x1", "post_ 1", " post_1", "post_1 ", "post_1\n", "post_1_0", "POST_1", "pöst_1", "post_١", "post_１",
    "post_²", "post_1\0", f"post_{LARGEST + 1}", f"post_{2**64}", "post_" + "9" * 1000, "post_" + "9" * 100_000,
]  # fmt: skip
STRANGE_TEXTS = {
    "NUL": "some\0text",
    "escape": "\x1b[31msome text",
    "bell": "some\x07text",
    "delete": "some\x7ftext",
    "next line": "some\x85text",
}
LOOKED_UP = {
    ("signIn", "password"),
    ("signIn", "login"),
    ("refreshSession", "refreshToken"),
    ("completeSignIn", "challenge"),
    ("completeSignIn", "code"),
    ("signInWithPasskey", "credential"),
}
"""Where a text that nobody can have is simply not found."""
SESSIONS = "sessionId", "personalTokenId"
FOR_STAFF = {"suspendUser", "reinstateUser", "setRole"}
"""What moderators do, from whom nothing is hidden: see tests/domain/test_moderation.py."""
BY_PASSKEY = ("beginPasskeySignIn", "signInWithPasskey")
BY_LINK = {"verifyEmail", "requestPasswordReset", "resetPassword"}
FOR_ANYBODY = {"signUp", "signIn", "completeSignIn", *BY_PASSKEY, "refreshSession", "createCaptchaChallenge", *BY_LINK}


@dataclass(frozen=True)
class World:
    """Somebody, and what there is for others to act on."""

    me: Person
    other: Person
    private: Person
    post: str
    comment: str
    hidden_post: str
    hidden_comment: str
    app: str

    def value(self, name: str, kind) -> object:
        """Something that can be used for an argument or an input's field of this name."""
        known = {
            "postId": self.post,
            "commentId": self.comment,
            "userId": self.other.id,
            "parentId": None,
            "appId": self.app,
            "id": self.post,
            "captcha": None,
            "passkeyId": "passkey_1",
            "identityId": "identity_1",
        }
        texts = {"email": "new@example.org", "handle": "somebody_new", "avatarUrl": "https://example.org/a.png"}
        texts |= {"password": PASSWORD, "currentPassword": PASSWORD}
        texts |= {"website": "https://example.org/", "redirectUris": "https://example.org/", "scopes": "posts:read"}
        named = get_named_type(kind)
        if name == "ids":
            return [self.post]
        if name in known or named is GraphQLID:
            return known.get(name, self.post)
        plain = {"Int": 1, "Boolean": True, "Cursor": None, "Role": "USER", "DateTime": None}
        return plain[named.name] if named.name in plain else texts.get(name, "Something usable")

    def input(self, kind: GraphQLInputObjectType, **changed: object) -> dict:
        """An input whose every field can be used, with some changed."""
        required = {
            name: field for name, field in kind.fields.items() if get_named_type(field.type).name != "Visibility"
        }
        given = {name: self.value(name, field.type) for name, field in required.items()}
        if {"password", "code"} <= set(given):  # who signed in just now has to send neither
            given |= {"password": None, "code": None}
        return given | changed


@pytest.fixture(scope="module")
async def world(api: Api) -> World:
    """A world in which `me` may see a post and a comment, and may not see others."""
    me, other, private = [await api.sign_up(private=private) for private in (False, False, True)]
    post = await api.create_post(other)
    comment = await api.add_comment(other, post)
    hidden = await api.create_post(private)
    hidden_comment = await api.add_comment(private, hidden)
    return World(me, other, private, post, comment, hidden, hidden_comment, await create_app(api, me))


async def create_app(api: Api, developer: Person) -> str:
    """A new app's id."""
    given = {"name": "An app", "redirectUris": ["https://example.org/"], "keepsSecret": True}
    made = await api.mutate("createApp", developer, "created { app { clientId } }", **given)
    return made["created"]["app"]["clientId"]


def input_of(mutation: str) -> GraphQLInputObjectType | None:
    """The type of a mutation's `input`."""
    argument = MUTATIONS[mutation].args.get("input")
    return argument and get_named_type(argument.type)


def fields_of(*kinds: str) -> list[tuple[str, str]]:
    """Every field of these types in every mutation's input."""
    return [
        (mutation, name)
        for mutation in MUTATIONS
        if (kind := input_of(mutation)) and is_input_object_type(kind)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name in kinds
    ]


def arguments_of(*kinds: str) -> list[tuple[str, str]]:
    """Every argument of these types of every root query."""
    return [
        (query, name)
        for query, field in QUERIES.items()
        for name, argument in field.args.items()
        if get_named_type(argument.type).name in kinds
    ]


async def ask(api: Api, world: World, field: str, **changed: object) -> dict:
    """The answer to a root query with all its arguments, some changed."""
    arguments: dict[str, GraphQLArgument] = QUERIES[field].args
    given = {
        name: world.value(name, each.type)
        for name, each in arguments.items()
        if not each.default_value or name in changed
    }
    given |= changed
    declared = ", ".join(f"${name}: {arguments[name].type}" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    return await api.answer(f"query ({declared}) {{ {field}({passed}) {{ __typename }} }}", world.me, **given)


async def session_of(api: Api, person: Person) -> str:
    """The id of somebody's session."""
    answer = await api("{ viewer { sessions { nodes { id } } } }", person)
    return answer["viewer"]["sessions"]["nodes"][0]["id"]


def refused_at(answer: dict, *path: str) -> str:
    """The message of a refusal that points at the argument."""
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    [field] = error["extensions"]["fields"]
    assert field["path"][: len(path)] == list(path)
    assert field["message"]
    return field["message"]


@pytest.mark.parametrize("id_", MALFORMED_IDS, ids=[ascii(each)[1:-1][:24] for each in MALFORMED_IDS])
@pytest.mark.parametrize(("query", "name"), arguments_of("ID"))
async def test_a_query_refuses_a_malformed_id(api: Api, world: World, query: str, name: str, id_: str):
    assert "id" in refused_at(await ask(api, world, query, **{name: [id_] if name == "ids" else id_}), name).lower()


async def test_one_of_many_bad_ids_is_pointed_at(api: Api, world: World):
    answer = await ask(api, world, "nodes", ids=[world.post, "post_abc"])
    refused_at(answer, "ids", "1")
    assert "101" in refused_at(await ask(api, world, "nodes", ids=[world.post] * 101), "ids")


@pytest.mark.parametrize("id_", ["post_1", "user_0", "comment_1", f"user_{LARGEST}"])
async def test_an_unknown_id_finds_nothing(api: Api, world: World, id_: str):
    assert await ask(api, world, "node", id=id_) == {"data": {"node": None}}
    assert await ask(api, world, "nodes", ids=[id_, world.post]) == {"data": {"nodes": [None, {"__typename": "Post"}]}}


@pytest.mark.parametrize(("mutation", "name"), fields_of("ID"))
async def test_a_mutation_refuses_malformed_ids_and_those_of_other_types(
    api: Api, world: World, rows: Rows, mutation: str, name: str
):
    before = await rows()
    kinds = {"postId": "post", "userId": "user", "passkeyId": "passkey", "appId": "app"}
    kinds |= {"identityId": "identity"} | dict.fromkeys(SESSIONS, "session")
    kind = kinds.get(name, "comment")
    others = [f"{other}_1" for other in ("post", "user", "comment", "session", "x") if other != kind]
    for id_ in [*(each.replace("post", kind) for each in MALFORMED_IDS), *others]:
        result = await api.mutate(mutation, world.me, **world.input(input_of(mutation), **{name: id_}))
        assert result["code"] == "INVALID_INPUT", id_
        assert [field["path"] for field in result["fields"]] == [["input", name]]
    assert await rows() == before


@pytest.mark.parametrize(("mutation", "name"), [each for each in fields_of("ID") if each[0] not in FOR_STAFF])
async def test_acting_on_what_is_hidden_is_acting_on_what_is_not_there(
    api: Api, world: World, rows: Rows, mutation: str, name: str
):
    stranger = await api.sign_up()
    await api.block(stranger, world.me)
    hidden_app = await create_app(api, stranger)
    before = await rows()
    theirs = {"postId": world.hidden_post, "userId": stranger.id, "passkeyId": "passkey_2", "appId": hidden_app}
    nobodys = {"postId": "post_1", "userId": "user_1", "passkeyId": "passkey_1", "appId": "app_1"}
    theirs |= {"identityId": "identity_2"} | dict.fromkeys(SESSIONS, await session_of(api, stranger))
    nobodys |= {"identityId": "identity_1"} | dict.fromkeys(SESSIONS, "session_1")
    hidden, absent = theirs.get(name, world.hidden_comment), nobodys.get(name, "comment_1")
    results = [
        await api.mutate(mutation, world.me, **world.input(input_of(mutation), **{name: id_}))
        for id_ in (hidden, absent)
    ]
    assert results[0]["code"] == "NOT_FOUND"
    assert results[0] == results[1]
    assert await rows() == before


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize(("query", "name"), arguments_of("Int"))
async def test_a_page_of_an_impossible_size_is_refused(api: Api, world: World, query: str, name: str, first: int):
    assert "100" in refused_at(await ask(api, world, query, **{name: first}), name)


LISTS_OF_NODES = [
    (kind.name, field)
    for kind in schema._schema.get_possible_types(schema._schema.type_map["Node"])
    for field, each in kind.fields.items()
    if "first" in each.args
]


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
@pytest.mark.parametrize(("kind", "field"), LISTS_OF_NODES)
async def test_a_page_within_a_node_is_of_a_possible_size_too(
    api: Api, world: World, kind: str, field: str, first: int
):
    id_ = {"Post": world.post, "User": world.other.id}.get(kind, world.comment)
    page = f"{field}(first: $first) {{ __typename }}"
    query = f"query ($id: ID!, $first: Int) {{ node(id: $id) {{ ... on {kind} {{ {page} }} }} }}"
    assert "100" in refused_at(await api.answer(query, world.me, id=id_, first=first), "first")


@pytest.mark.parametrize("text", STRANGE_TEXTS.values(), ids=STRANGE_TEXTS)
@pytest.mark.parametrize(("query", "name"), arguments_of("String", "ID", "Cursor"))
async def test_a_query_answers_control_characters(api: Api, world: World, query: str, name: str, text: str):
    answer = await ask(api, world, query, **{name: [text] if name == "ids" else text})
    if query == "user":
        assert answer == {"data": {"user": None}}
    else:
        refused_at(answer, name)


@pytest.mark.parametrize("text", STRANGE_TEXTS.values(), ids=STRANGE_TEXTS)
@pytest.mark.parametrize(("mutation", "name"), fields_of("String", "ID", "URL"))
async def test_a_mutation_refuses_control_characters(
    api: Api, world: World, rows: Rows, mutation: str, name: str, text: str
):
    before = await rows()
    given = world.input(input_of(mutation), **{name: text})
    result = await api.mutate(mutation, world.me, **given)
    if (mutation, name) in LOOKED_UP:
        assert result["code"] == "NOT_SIGNED_IN"
        before["security_events"] += mutation == "signIn"
    elif name == "captcha":
        assert result["code"] == "CAPTCHA_REQUIRED"
    elif mutation in FOR_STAFF and name == "reason":
        assert result["code"] == "FORBIDDEN"
    else:
        assert result["code"] == "INVALID_INPUT", result
        at = "token" if mutation == "resetPassword" else name  # nothing more is looked at without a link
        assert [field["path"] for field in result["fields"]] == [["input", at]]
    assert await rows() == before


def test_every_input_is_walked():
    kinds = {get_named_type(f.type).name for m in MUTATIONS if (k := input_of(m)) for f in k.fields.values()}
    assert kinds == {"String", "ID", "URL", "Boolean", "Visibility", "Role", "DateTime"}, (
        "the tests above know no others"
    )
    assert all(is_leaf_type(get_named_type(a.type)) for field in QUERIES.values() for a in field.args.values())


SIGNED_OUT = [name for name in MUTATIONS if name not in FOR_ANYBODY]


@pytest.mark.parametrize("mutation", SIGNED_OUT)
async def test_a_signed_out_mutation_is_refused(api: Api, world: World, rows: Rows, mutation: str):
    before = await rows()
    kind = input_of(mutation)
    if kind is None:
        result = (await api(f"mutation {{ {mutation} {{ __typename ... on Error {{ code message }} }} }}"))[mutation]
    else:
        result = await api.mutate(mutation, **world.input(kind))
    assert result["code"] == "NOT_SIGNED_IN"
    assert "Authorization" in result["message"]
    assert await rows() == before
