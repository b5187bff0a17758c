"""What may happen to a post, and what may not."""

import pytest
from sqlalchemy import bindparam, select

from core.database import Database
from core.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from domain import events, posts
from domain.viewer import Viewer
from models.posts import Post, Visibility
from tests import factories
from tests.domain.conftest import Refused, Told, counted
from tests.factories import sql

ABSENT = 1


async def _row(db: Database, post: int) -> Post | None:
    rows = await db.read(select(Post).where(Post.id == bindparam("id")), id=post)
    return rows[0] if rows else None


async def test_a_post_is_kept_counted_and_told(db: Database, ada: Viewer, told: Told) -> None:
    async with told() as happened:
        post = await posts.create(db, ada, body="  Hello,\r\nworld. ", visibility=Visibility.PUBLIC)
    row = await _row(db, post.id)
    assert (row.body, row.visibility, row.author_id) == ("Hello,\nworld.", "PUBLIC", ada.key)
    assert row.edited_at is None
    assert row.created_at.tzinfo is not None
    assert await counted(db, "user_counters", ada.key) == {"public_posts": 1}
    assert happened == [events.PostAdded(post.id, ada.key)]


async def test_posts_for_followers_are_counted_apart(db: Database, ada: Viewer) -> None:
    await posts.create(db, ada, body="Hello.", visibility=Visibility.FOLLOWERS)
    assert await counted(db, "user_counters", ada.key) == {"follower_posts": 1}


async def test_a_body_may_have_5000_characters_however_many_bytes(db: Database, ada: Viewer) -> None:
    post = await posts.create(db, ada, body="🐦" * 5000, visibility=Visibility.PUBLIC)
    assert post.body == "🐦" * 5000


@pytest.mark.parametrize("body", ["", " \n\t ", "\u200b\u200d", "a\0b", "a\x1b[0m", "x" * 5001])
async def test_a_body_that_cannot_be_is_refused_and_leaves_no_trace(
    db: Database, ada: Viewer, post: int, body: str, refused: Refused
) -> None:
    async with refused(InvalidInput, "input", "body"):
        await posts.create(db, ada, body=body, visibility=Visibility.PUBLIC)
    async with refused(InvalidInput, "input", "body"):
        await posts.edit(db, ada, post, body=body)


async def test_nobody_posts_signed_out(db: Database, post: int, refused: Refused) -> None:
    async with refused(NotSignedIn):
        await posts.create(db, Viewer(), body="Hello.", visibility=Visibility.PUBLIC)
    async with refused(NotSignedIn):
        await posts.edit(db, Viewer(), post, body="Hello.")
    async with refused(NotSignedIn):
        await posts.remove(db, Viewer(), post)


async def test_an_edit_changes_the_text_says_when_and_is_told(db: Database, ada: Viewer, post: int, told: Told) -> None:
    async with told() as happened:
        edited = await posts.edit(db, ada, post, body=" Better. ")
    row = await _row(db, post)
    assert edited.body == row.body == "Better."
    assert edited.edited_at == row.edited_at
    assert row.edited_at > row.created_at
    assert happened == [events.PostEdited(post, ada.key)]


async def test_a_post_goes_with_all_that_hangs_on_it_and_is_told_once(
    db: Database, ada: Viewer, ben: Viewer, told: Told
) -> None:
    post = (await posts.create(db, ada, body="Hello.", visibility=Visibility.PUBLIC)).id
    comment = await factories.comment(db, post, ben.key)
    await factories.comment(db, post, ada.key, parent_id=comment, depth=1)
    await factories.like(db, [ada.key, ben.key], [post])
    await factories.like_comments(db, [ada.key], [comment])
    async with told() as happened:
        assert await posts.remove(db, ada, post) == post
    assert happened == [events.PostDeleted(post, ada.key)]
    assert await counted(db, "user_counters", ada.key) == {}
    for table in ("comments", "post_likes", "post_counters"):
        assert await sql(db, f"select 1 from {table} where post_id = :post", post=post) == []  # noqa: S608
    for table in ("comment_likes", "comment_counters"):
        assert await sql(db, f"select 1 from {table} where comment_id = :id", id=comment) == []  # noqa: S608


async def test_what_was_for_followers_is_taken_off_their_count(db: Database, ada: Viewer) -> None:
    post = await posts.create(db, ada, body="Hello.", visibility=Visibility.FOLLOWERS)
    await posts.create(db, ada, body="Hello.", visibility=Visibility.PUBLIC)
    await posts.remove(db, ada, post.id)
    assert await counted(db, "user_counters", ada.key) == {"public_posts": 1}


async def test_only_the_author_edits_and_deletes(db: Database, ben: Viewer, post: int, refused: Refused) -> None:
    async with refused(Forbidden):
        await posts.edit(db, ben, post, body="Mine.")
    async with refused(Forbidden):
        await posts.remove(db, ben, post)


async def test_what_one_may_not_see_is_not_there_to_edit_or_delete(
    db: Database, ada: Viewer, ben: Viewer, blocked: Viewer, post: int, refused: Refused
) -> None:
    for_followers = await factories.post(db, ada.key, visibility="FOLLOWERS")
    for viewer, number in ((ada, ABSENT), (blocked, post), (ben, for_followers)):
        async with refused(NotFound):
            await posts.edit(db, viewer, number, body="Hello.")
        async with refused(NotFound):
            await posts.remove(db, viewer, number)


async def test_hidden_and_absent_are_refused_in_the_same_words(db: Database, blocked: Viewer, post: int) -> None:
    said = []
    for number in (post, ABSENT):
        with pytest.raises(NotFound) as caught:
            await posts.remove(db, blocked, number)
        said.append(caught.value.message)
    assert said[0] == said[1]


async def test_a_transaction_that_fails_at_its_end_leaves_no_post_no_count_and_no_event(
    db: Database, ada: Viewer, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    record = events.record

    def record_and_fail(tx, event):
        record(tx, event)
        raise RuntimeError

    monkeypatch.setattr(events, "record", record_and_fail)
    async with told() as happened:
        with pytest.raises(RuntimeError):
            await posts.create(db, ada, body="Hello.", visibility=Visibility.PUBLIC)
    assert happened == []
    assert await counted(db, "user_counters", ada.key) == {}
    assert await sql(db, "select 1 from posts where author_id = :ada", ada=ada.key) == []
