"""Counters never drift: whatever many people do at once, fail at or take back, a recount finds what was counted."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select

from core.database import Database
from core.errors import NotFound
from domain import comments, events, follows, likes, posts, users
from models.posts import PostCounter
from tests import factories
from tests.domain import crowd
from tests.domain.crowd import CONNECTIONS, Crowd, Fault, drift
from tests.factories import sql, viewer

pytestmark = pytest.mark.xdist_group("counters")  # one crowd's connections at a time
SEED = 7302


@pytest.fixture(scope="module")
async def crowded(database_url: str) -> AsyncIterator[Database]:
    """The database, with connections for many writers at once."""
    database = Database(database_url, pool_size=CONNECTIONS, pool_timeout=30)
    await database.open()
    yield database
    await database.close()


def everything(people: Crowd) -> tuple:
    """All that people do: some of it often, some seldom."""
    often = (people.like, people.unlike, people.like_comment, people.unlike_comment, people.comment, people.relate)
    seldom = (people.publish, people.publish, people.unpublish, people.uncomment, people.part, people.flip)
    return (*often, *often, *seldom)


def happened(people: Crowd, times: int) -> None:
    """Enough came of it: a storm of refusals would count nothing."""
    done = {name: number for name, number in people.outcomes.items() if ":" not in name}
    assert done.keys() == {act.__name__ for act in everything(people)}, people.outcomes
    assert sum(done.values()) > times * 0.4, people.outcomes


async def test_whatever_many_do_at_once_a_recount_finds_no_drift(crowded: Database) -> None:
    """Nor does anything fail but by a refusal: two that wait for each other would end as Unavailable."""
    people = await crowd.of(crowded, 16, SEED)
    await people.rush(*everything(people), times=700)
    happened(people, 700)
    assert await drift(crowded, since=people.people[0].key) == []


async def test_what_breaks_in_the_middle_counts_nothing(crowded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await crowd.of(crowded, 16, SEED + 1)
    record = events.record

    def fail_sometimes(tx, event: events.Event) -> None:
        if people.random.random() < 0.3:
            raise Fault
        record(tx, event)

    monkeypatch.setattr(events, "record", fail_sometimes)
    await people.rush(*everything(people), times=250)
    assert sum(number for name, number in people.outcomes.items() if name.endswith("Fault")) > 20
    assert await drift(crowded, since=people.people[0].key) == []


async def test_a_command_that_is_cancelled_counts_all_or_nothing(crowded: Database) -> None:
    people = await crowd.of(crowded, 8, SEED + 2)
    tasks = [asyncio.create_task(people.rush(*everything(people), times=40)) for _ in range(4)]
    for task in tasks:
        await asyncio.sleep(0.05)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await drift(crowded, since=people.people[0].key) == []


async def test_a_recount_sees_a_single_count_that_is_wrong(crowded: Database) -> None:
    """The tests above could not fail otherwise."""
    people = await crowd.of(crowded, 2, SEED)
    since, post = people.people[0].key, people.posts[0]
    assert await drift(crowded, since) == []
    await sql(crowded, "update post_counters set comments = comments + 1 where post_id = :post", post=post)
    assert await drift(crowded, since) == [("post_counters.comments", (post, 2, 1))]
    await sql(crowded, "update post_counters set comments = comments - 1 where post_id = :post", post=post)


async def test_the_likers_of_a_hot_post_share_slots_and_all_are_counted(crowded: Database) -> None:
    fans = await factories.users(crowded, 200)
    post = await factories.post(crowded, fans[0])
    await asyncio.gather(*(likes.like_post(crowded, viewer(fan), post) for fan in fans))
    slots = await sql(crowded, "select slot, likes from post_counters where post_id = :post", post=post)
    assert sum(row.likes for row in slots) == 200
    assert len(slots) > 1, "all of them queued for one row"


async def test_a_quiet_post_keeps_one_slot(crowded: Database) -> None:
    fans = await factories.users(crowded, 10)
    post = await factories.post(crowded, fans[0])
    for fan in fans:
        await likes.like_post(crowded, viewer(fan), post)
    counted = select(func.count(), func.sum(PostCounter.likes)).where(PostCounter.post_id == post)
    assert [tuple(row) for row in await crowded.read(counted)] == [(1, 10)]


async def _at_once(*commands) -> list[type]:
    """What became of commands that run at the same time: each result's or refusal's type."""
    return [type(each) for each in await asyncio.gather(*commands, return_exceptions=True)]


async def test_a_post_that_is_deleted_many_times_at_once_is_deleted_once(crowded: Database) -> None:
    author = await factories.user(crowded)
    for _ in range(10):
        post = await factories.post(crowded, author)
        outcomes = await _at_once(*(posts.remove(crowded, viewer(author), post) for _ in range(6)))
        assert sorted(each.__name__ for each in outcomes) == ["NotFound"] * 5 + ["int"]
    assert await drift(crowded, author) == []


async def test_a_thread_that_is_deleted_at_every_level_at_once_is_gone(crowded: Database) -> None:
    author = await factories.user(crowded)
    post = await factories.post(crowded, author)
    for _ in range(10):
        thread: list[int] = []
        for depth in range(4):
            parent = thread[-1] if thread else None
            thread.append(await factories.comment(crowded, post, author, parent_id=parent, depth=depth))
        outcomes = await _at_once(*(comments.remove(crowded, viewer(author), each) for each in (*thread, *thread)))
        assert set(outcomes) <= {int, NotFound}
        assert await sql(crowded, "select 1 from comments where post_id = :post", post=post) == []
    assert await drift(crowded, author) == []


async def test_a_post_and_its_comments_can_be_deleted_at_the_same_time(crowded: Database) -> None:
    author = await factories.user(crowded)
    for _ in range(10):
        post = await factories.post(crowded, author)
        written = [await factories.comment(crowded, post, author) for _ in range(4)]
        deletions = [comments.remove(crowded, viewer(author), each) for each in written]
        outcomes = await _at_once(*deletions, posts.remove(crowded, viewer(author), post))
        assert set(outcomes) <= {int, NotFound}
    assert await drift(crowded, author) == []


async def test_many_who_asked_one_another_can_open_up_at_the_same_time(crowded: Database) -> None:
    for _ in range(3):
        people = await factories.users(crowded, 12, is_private=True)
        await factories.request(crowded, people, people)
        opening = [users.update_profile(crowded, viewer(each), {"is_private": False}) for each in people]
        accepting = [follows.accept(crowded, viewer(people[0]), each) for each in people[1:]]
        blocking = [follows.block(crowded, viewer(people[1]), each) for each in people[2:5]]
        outcomes = await _at_once(*opening, *accepting, *blocking)
        assert {each.__name__ for each in outcomes} <= {"User", "NotFound"}
        made = await sql(crowded, "select follower_id from follows where follower_id = any(:people)", people=people)
        assert len(made) == 12 * 11 - 2 * 3
        assert await drift(crowded, people[0]) == []
