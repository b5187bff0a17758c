"""What may happen between two people, and what may not."""

from typing import Any

import pytest

from core.database import Database
from core.errors import InvalidInput, NotFound, NotSignedIn
from domain import events, follows
from domain.viewer import Viewer
from tests import factories
from tests.domain.conftest import Refused, Told, counted
from tests.factories import sql

ABSENT = 1
COMMANDS = [follows.follow, follows.unfollow, follows.accept, follows.decline, follows.block, follows.unblock]


@pytest.fixture
async def private(db: Database) -> Viewer:
    return factories.viewer(await factories.user(db, is_private=True))


async def _there(db: Database, table: str, one: Viewer, other: Viewer) -> bool:
    names = ("blocker_id", "blocked_id") if table == "blocks" else ("follower_id", "followee_id")
    statement = f"select 1 from {table} where {names[0]} = :one and {names[1]} = :other"  # noqa: S608
    return bool(await sql(db, statement, one=one.key, other=other.key))


async def _counts(db: Database, *people: Viewer) -> list[dict[str, int]]:
    return [await counted(db, "user_counters", each.key) for each in people]


async def test_following_twice_counts_once(db: Database, ada: Viewer, ben: Viewer) -> None:
    for _ in range(2):
        assert (await follows.follow(db, ada, ben.key)).id == ben.key
    assert await _there(db, "follows", ada, ben)
    assert await _counts(db, ada, ben) == [{"following": 1}, {"followers": 1}]


async def test_unfollowing_twice_counts_and_tells_once(db: Database, ada: Viewer, ben: Viewer, told: Told) -> None:
    await follows.follow(db, ada, ben.key)
    async with told() as happened:
        for _ in range(2):
            assert (await follows.unfollow(db, ada, ben.key)).id == ben.key
    assert not await _there(db, "follows", ada, ben)
    assert await _counts(db, ada, ben) == [{}, {}]
    assert happened == [events.Unfollowed(ada.key, ben.key)]


async def test_a_private_user_is_asked_and_nothing_is_counted_yet(db: Database, ada: Viewer, private: Viewer) -> None:
    for _ in range(2):
        await follows.follow(db, ada, private.key)
    assert await _there(db, "follow_requests", ada, private)
    assert not await _there(db, "follows", ada, private)
    assert await _counts(db, ada, private) == [{}, {}]


async def test_who_follows_a_private_user_already_asks_no_more(db: Database, ada: Viewer, private: Viewer) -> None:
    await factories.follow(db, [ada.key], [private.key])
    await follows.follow(db, ada, private.key)
    assert not await _there(db, "follow_requests", ada, private)


async def test_an_accepted_request_becomes_a_follow(db: Database, ada: Viewer, private: Viewer) -> None:
    await follows.follow(db, ada, private.key)
    assert (await follows.accept(db, private, ada.key)).id == ada.key
    assert await _there(db, "follows", ada, private)
    assert not await _there(db, "follow_requests", ada, private)
    assert await _counts(db, ada, private) == [{"following": 1}, {"followers": 1}]


async def test_a_declined_request_is_gone_and_may_be_made_again(
    db: Database, ada: Viewer, private: Viewer, told: Told
) -> None:
    await follows.follow(db, ada, private.key)
    async with told() as happened:
        assert (await follows.decline(db, private, ada.key)).id == ada.key
    assert happened == []
    assert not await _there(db, "follow_requests", ada, private)
    await follows.follow(db, ada, private.key)
    assert await _there(db, "follow_requests", ada, private)
    assert await _counts(db, ada, private) == [{}, {}]


async def test_a_request_can_be_taken_back_and_tells_nobody(
    db: Database, ada: Viewer, private: Viewer, told: Told
) -> None:
    await follows.follow(db, ada, private.key)
    async with told() as happened:
        await follows.unfollow(db, ada, private.key)
    assert not await _there(db, "follow_requests", ada, private)
    assert happened == []


async def test_what_nobody_asked_for_cannot_be_accepted_or_declined(
    db: Database, ada: Viewer, ben: Viewer, private: Viewer, refused: Refused
) -> None:
    await factories.request(db, [ada.key], [private.key])
    for viewer, other in ((private, ben), (ada, private), (ada, ben), (ada, ada)):
        for command in (follows.accept, follows.decline):
            async with refused(NotFound):
                await command(db, viewer, other.key)


async def test_a_block_ends_all_between_two_people_both_ways(
    db: Database, ada: Viewer, ben: Viewer, told: Told
) -> None:
    await factories.follow(db, [ada.key], [ben.key])
    await factories.follow(db, [ben.key], [ada.key])
    async with told() as happened:
        assert (await follows.block(db, ada, ben.key)).id == ben.key
    assert await _counts(db, ada, ben) == [{}, {}]
    assert not await _there(db, "follows", ada, ben)
    assert not await _there(db, "follows", ben, ada)
    assert set(happened) == {
        events.Unfollowed(ada.key, ben.key),
        events.Unfollowed(ben.key, ada.key),
        events.Blocked(ada.key, ben.key),
    }
    assert len(happened) == 3


async def test_a_block_ends_requests_both_ways(db: Database, private: Viewer, ada: Viewer, told: Told) -> None:
    await factories.request(db, [ada.key], [private.key])
    await factories.request(db, [private.key], [ada.key])
    async with told() as happened:
        await follows.block(db, ada, private.key)
    assert not await _there(db, "follow_requests", ada, private)
    assert not await _there(db, "follow_requests", private, ada)
    assert happened == [events.Blocked(ada.key, private.key)]


async def test_blocking_twice_tells_once(db: Database, ada: Viewer, ben: Viewer, told: Told) -> None:
    async with told() as happened:
        for _ in range(2):
            assert (await follows.block(db, ada, ben.key)).id == ben.key
    assert happened == [events.Blocked(ada.key, ben.key)]


async def test_follows_do_not_come_back_with_the_end_of_a_block(db: Database, ada: Viewer, ben: Viewer) -> None:
    await follows.follow(db, ben, ada.key)
    await follows.block(db, ada, ben.key)
    for _ in range(2):
        assert (await follows.unblock(db, ada, ben.key)).id == ben.key
    assert not await _there(db, "blocks", ada, ben)
    assert not await _there(db, "follows", ben, ada)
    await follows.follow(db, ben, ada.key)
    assert await _there(db, "follows", ben, ada)


async def test_who_blocks_one_another_learns_nothing_from_unblocking(
    db: Database, ada: Viewer, blocked: Viewer
) -> None:
    await factories.block(db, [blocked.key], [ada.key])
    with pytest.raises(NotFound):
        await follows.unblock(db, blocked, ada.key)
    assert not await _there(db, "blocks", blocked, ada)
    assert await _there(db, "blocks", ada, blocked)


@pytest.mark.parametrize("command", COMMANDS)
async def test_who_is_blocked_finds_nobody_there(
    db: Database, ada: Viewer, blocked: Viewer, command: Any, refused: Refused
) -> None:
    for number in (ada.key, ABSENT):
        async with refused(NotFound):
            await command(db, blocked, number)


@pytest.mark.parametrize("command", [follows.follow, follows.unfollow, follows.block, follows.unblock])
async def test_nobody_does_it_to_themselves(db: Database, ada: Viewer, command: Any, refused: Refused) -> None:
    async with refused(InvalidInput, "input", "userId"):
        await command(db, ada, ada.key)


@pytest.mark.parametrize("command", COMMANDS)
async def test_nobody_does_it_signed_out(db: Database, ada: Viewer, command: Any, refused: Refused) -> None:
    async with refused(NotSignedIn):
        await command(db, Viewer(), ada.key)
