"""Anything by its id: what ids are taken, in which order answers come, and what a wrong one is told."""

import pytest

from core.database import Database
from tests import factories
from tests.api import Api

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


async def test_nodes_come_in_the_order_of_their_ids_with_null_for_what_is_absent(api: Api, db: Database) -> None:
    user = await factories.user(db)
    post = await factories.post(db, user)
    comment = await factories.comment(db, post, user)
    ids = [f"comment_{comment}", f"post_{comment}", f"user_{user}", f"post_{post}", f"comment_{comment}", "user_0"]
    found = (await api(NODES, ids=ids))["nodes"]
    assert [node and node["id"] for node in found] == [ids[0], None, ids[2], ids[3], ids[4], None]
    assert [node and node["__typename"] for node in found] == ["Comment", None, "User", "Post", "Comment", None]
    assert (await api(NODES, ids=[]))["nodes"] == []


@pytest.mark.parametrize("node_id", ["post_0", "user_1", f"comment_{2**63 - 1}"])
async def test_an_id_that_nothing_has_is_null(api: Api, node_id: str) -> None:
    assert await api(NODE, id=node_id) == {"node": None}


@pytest.mark.parametrize(
    "node_id",
    [
        "",
        "post",
        "post_",
        "post_abc",
        "post_-1",
        "post_01",
        "post_1.0",
        " post_1",
        "POST_1",
        "post_१",
        f"post_{2**63}",
        "7",
        "session_1",
        "row_1",
        "post_1_2",
        "post_" + "9" * 400,
        "post_1\n",
        "пост_1",
    ],
)
async def test_what_is_no_id_is_refused_at_its_argument(api: Api, node_id: str) -> None:
    [error] = (await api.answer(NODE, id=node_id))["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert [field["path"] for field in error["extensions"]["fields"]] == [["id"]]
    [error] = (await api.answer(NODES, ids=["post_1", node_id]))["errors"]
    assert [field["path"] for field in error["extensions"]["fields"]] == [["ids", "1"]]


async def test_more_than_a_hundred_ids_are_refused(api: Api) -> None:
    assert (await api(NODES, ids=["post_1"] * 100))["nodes"] == [None] * 100
    [error] = (await api.answer(NODES, ids=["post_1"] * 101))["errors"]
    assert [field["path"] for field in error["extensions"]["fields"]] == [["ids"]]


@pytest.mark.parametrize("handle", ["", "a b", "x" * 500, "adä", "%", "\u0000"])
async def test_a_handle_that_cannot_be_is_nobodys(api: Api, handle: str) -> None:
    assert await api("query ($handle: String!) { user(handle: $handle) { id } }", handle=handle) == {"user": None}


async def test_somebody_is_found_by_handle_in_any_case(api: Api, db: Database) -> None:
    person = await factories.person(db, handle="any_case_1")
    query = "query ($handle: String!) { user(handle: $handle) { id } viewer { id } }"
    for handle in ("any_case_1", "ANY_Case_1", " any_case_1 "):
        assert await api(query, handle=handle) == {"user": {"id": person.id}, "viewer": None}
    assert (await api(query, person, handle="nobody_at_all"))["viewer"] == {"id": person.id}


@pytest.mark.parametrize("field", ["feed", "followRequests"])
async def test_what_is_for_somebody_is_refused_signed_out_and_the_rest_is_answered(api: Api, field: str) -> None:
    answer = await api.answer(f"{{ {field} {{ nodes {{ id }} }} }}")
    [error] = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("NOT_SIGNED_IN", [field])
    assert answer["data"] is None


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "a\u0007b", "x" * 201])
async def test_a_text_that_cannot_be_searched_for_is_refused(api: Api, text: str) -> None:
    for kind in ("POSTS", "USERS"):
        query = f"query ($text: String!) {{ search(text: $text, kind: {kind}) {{ nodes {{ __typename }} }} }}"
        [error] = (await api.answer(query, text=text))["errors"]
        assert [field["path"] for field in error["extensions"]["fields"]] == [["text"]]
