"""A suspended account reads nothing but why, at every door, and within a second."""

import asyncio
import time

import pytest

from core.database import Database
from tests.api import PASSWORD, Api, Person
from tests.factories import sql

WHY = "{ viewer { id suspension { reason until } } }"
OUT = "mutation { signOut { __typename ... on SignOutSuccess { signedOut } } }"
REFRESH = """mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) {
  __typename ... on Error { code } ... on Suspended { reason } } }"""
FORBIDDEN = [
    "{ viewer { id followerCount } }",
    "{ viewer { id suspension { reason } } feed(first: 1) { nodes { id } } }",
    "{ latest(first: 1) { nodes { body } } }",
    "{ __schema { types { name } } }",
    "{ rateLimit { cost } }",
    '{ user(handle: "ada") { suspension { reason } } }',
    'mutation { createPost(input: { body: "I am still here." }) { __typename } }',
    'mutation { signOut { __typename } likePost(input: { postId: "post_1" }) { __typename } }',
    "{ viewer { ... on Node { id } ...Rest } } fragment Rest on User { name }",
]


@pytest.fixture
async def moderator(api: Api, db: Database) -> Person:
    person = await api.sign_up()
    await sql(db, "update accounts set role = 'MODERATOR' where user_id = :id", id=person.number)
    return person


async def suspended(api: Api, moderator: Person) -> Person:
    person = await api.sign_up()
    assert "errors" not in await api.answer(WHY, person), "the token is known"
    result = await api.mutate(
        "suspendUser", moderator, "user { suspension { reason until } }", userId=person.id, reason="Spam."
    )
    assert result["user"]["suspension"] == {"reason": "Spam.", "until": None}
    deadline = time.monotonic() + 1
    while "errors" not in await api.answer("{ rateLimit { cost } }", person):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    return person


async def test_a_suspended_account_reads_why_and_signs_out_and_that_is_all(api: Api, moderator: Person, rows) -> None:
    person = await suspended(api, moderator)
    before = await rows()
    for query in FORBIDDEN:
        answer = await api.answer(query, person)
        assert answer == {
            "errors": [
                {
                    "message": "This account is suspended until further notice: Spam.",
                    "extensions": {"code": "SUSPENDED", "reason": "Spam.", "until": None},
                }
            ]
        }
    assert await rows() == before
    why = await api(WHY, person)
    assert why["viewer"] == {"id": person.id, "suspension": {"reason": "Spam.", "until": None}}
    assert (await api(OUT, person))["signOut"]["signedOut"]


async def test_no_door_gives_a_suspended_account_new_tokens(api: Api, moderator: Person, rows) -> None:
    person = await suspended(api, moderator)
    before = await rows()
    wrong = await api.mutate("signIn", login=person.handle, password="wrong horse")
    assert wrong["code"] == "NOT_SIGNED_IN", "who doesn't know the password isn't told"
    right = await api.mutate("signIn", login=person.handle, password=PASSWORD)
    assert right["code"] == "SUSPENDED"
    assert (await api(REFRESH, token=person.refresh_token))["refreshSession"] == {
        "__typename": "Suspended",
        "code": "SUSPENDED",
        "reason": "Spam.",
    }
    assert (await rows())["sessions"] == before["sessions"]
    await api.mutate("reinstateUser", moderator, userId=person.id)
    assert (await api(REFRESH, token=person.refresh_token))["refreshSession"]["__typename"] == "RefreshSessionSuccess"


async def test_roles_and_suspensions_are_for_oneself_and_for_moderators(api: Api, moderator: Person) -> None:
    person, other = await suspended(api, moderator), await api.sign_up()
    standing = "query ($handle: String!) { user(handle: $handle) { role suspension { reason } } }"
    nothing = {"role": None, "suspension": None}
    assert (await api(standing, other, handle=person.handle))["user"] == nothing
    assert (await api(standing, handle=person.handle))["user"] == nothing
    seen = (await api(standing, moderator, handle=person.handle))["user"]
    assert seen == {"role": "USER", "suspension": {"reason": "Spam."}}
    assert (await api("{ viewer { role suspension { reason } } }", moderator))["viewer"] == {
        "role": "MODERATOR",
        "suspension": None,
    }


async def test_admins_give_roles_that_hold_within_a_second(api: Api, db: Database, moderator: Person) -> None:
    admin, other = await api.sign_up(), await api.sign_up()
    await sql(db, "update accounts set role = 'ADMIN' where user_id = :id", id=admin.number)
    assert (await api.mutate("setRole", moderator, userId=other.id, role="ADMIN"))["code"] == "FORBIDDEN"
    assert (await api.mutate("suspendUser", other, userId=moderator.id, reason="No."))["code"] == "FORBIDDEN"
    result = await api.mutate("setRole", admin, "user { role }", userId=other.id, role="MODERATOR")
    assert result["user"]["role"] == "MODERATOR"
    victim, deadline = await api.sign_up(), time.monotonic() + 1
    while (await api.mutate("suspendUser", other, userId=victim.id, reason="Spam."))["__typename"] == "Forbidden":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_moderators_list_who_is_suspended(api: Api, moderator: Person) -> None:
    people = [await suspended(api, moderator) for _ in range(2)]
    listed = "{ suspendedUsers(first: 2) { nodes { id suspension { reason } } } }"
    nodes = (await api(listed, moderator))["suspendedUsers"]["nodes"]
    assert [node["id"] for node in nodes] == [person.id for person in reversed(people)]
    assert (await api(listed, await api.sign_up()))["suspendedUsers"] is None
    await api.mutate("reinstateUser", moderator, userId=people[1].id)
    assert (await api(listed, moderator))["suspendedUsers"]["nodes"][0]["id"] == people[0].id
