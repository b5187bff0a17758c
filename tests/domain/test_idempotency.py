"""A mutation that a client sends again, not knowing whether it arrived."""

import asyncio

import pytest

from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from domain import comments, posts
from domain.viewer import Viewer
from models.posts import Post, Visibility
from tests import factories
from tests.domain.conftest import Refused, Told, counted
from tests.factories import sql

PUBLIC, FOLLOWERS = Visibility.PUBLIC, Visibility.FOLLOWERS


async def _publish(
    db: Database, viewer: Viewer, key: str | None, body: str = "Once.", visibility: Visibility = PUBLIC
) -> Post:
    return await posts.create(db, viewer, body=body, visibility=visibility, client_mutation_id=key)


async def _said(
    db: Database, viewer: Viewer, key: str, post: int, parent: int | None = None, body: str = "Once."
) -> int:
    made = await comments.add(db, viewer, post_id=post, parent_id=parent, body=body, client_mutation_id=key)
    return made.id


async def _age(db: Database, viewer: Viewer, interval: str) -> None:
    await sql(
        db,
        "update idempotency_keys set created_at = now() - cast(:age as text)::interval where user_id = :me",
        age=interval,
        me=viewer.key,
    )


async def test_the_same_post_sent_twice_is_one_post(db: Database, ada: Viewer, told: Told) -> None:
    async with told() as happened:
        first, second = await _publish(db, ada, "key"), await _publish(db, ada, "key", body=" Once.\n")
    assert first.id == second.id
    assert await counted(db, "user_counters", ada.key) == {"public_posts": 1}
    assert len(happened) == 1


async def test_the_same_comment_sent_twice_is_one_comment(db: Database, ada: Viewer, post: int) -> None:
    assert await _said(db, ada, "key", post) == await _said(db, ada, "key", post)
    assert await counted(db, "post_counters", post) == {"comments": 1}


async def test_without_a_key_every_call_counts(db: Database, ada: Viewer) -> None:
    assert (await _publish(db, ada, None)).id != (await _publish(db, ada, None)).id
    assert await sql(db, "select 1 from idempotency_keys where user_id = :me", me=ada.key) == []


async def test_a_key_is_its_users_own(db: Database, ada: Viewer, ben: Viewer) -> None:
    assert (await _publish(db, ada, "key")).id != (await _publish(db, ben, "key")).id


async def test_a_key_with_another_input_is_a_conflict_and_makes_nothing(
    db: Database, ada: Viewer, post: int, refused: Refused
) -> None:
    await _publish(db, ada, "key")
    parent = await _said(db, ada, "comment key", post)
    async with refused(Conflict):
        await _publish(db, ada, "key", body="Twice.")
    async with refused(Conflict):
        await _publish(db, ada, "key", visibility=FOLLOWERS)
    async with refused(Conflict):
        await _said(db, ada, "key", post)
    async with refused(Conflict):
        await _said(db, ada, "comment key", post, parent)


@pytest.mark.parametrize("key", ["", "x" * 101, "a\nb", "\0"])
async def test_a_key_that_cannot_be_is_refused(
    db: Database, ada: Viewer, post: int, key: str, refused: Refused
) -> None:
    async with refused(InvalidInput, "input", "clientMutationId"):
        await _publish(db, ada, key)
    async with refused(InvalidInput, "input", "clientMutationId"):
        await _said(db, ada, key, post)


async def test_duplicates_at_the_same_time_make_one_post(db: Database, ada: Viewer) -> None:
    made = await asyncio.gather(*(_publish(db, ada, "key") for _ in range(8)))
    assert len({post.id for post in made}) == 1
    assert await counted(db, "user_counters", ada.key) == {"public_posts": 1}


async def test_a_key_counts_for_a_day_and_then_anew(db: Database, ada: Viewer) -> None:
    first = await _publish(db, ada, "key")
    await _age(db, ada, "23 hours 59 minutes")
    assert (await _publish(db, ada, "key")).id == first.id
    await _age(db, ada, "24 hours 1 minute")
    second = await _publish(db, ada, "key", body="Another day.")
    assert second.id != first.id
    assert (await _publish(db, ada, "key", body="Another day.")).id == second.id


async def test_what_failed_can_be_sent_again_with_its_key(db: Database, ada: Viewer, refused: Refused) -> None:
    private = await factories.post(db, await factories.user(db, is_private=True))
    async with refused(NotFound):
        await _said(db, ada, "key", private)
    await sql(
        db, "update users set is_private = false where id = (select author_id from posts where id = :id)", id=private
    )
    assert await _said(db, ada, "key", private)


async def test_what_was_deleted_meanwhile_is_not_made_again(db: Database, ada: Viewer, refused: Refused) -> None:
    post = await _publish(db, ada, "key")
    await posts.remove(db, ada, post.id)
    async with refused(NotFound):
        await _publish(db, ada, "key")
