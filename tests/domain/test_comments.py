"""What may happen to a comment, and what may not."""

import pytest

from core.database import Database
from core.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from domain import comments, events, posts
from domain.viewer import Viewer
from tests import factories
from tests.domain.conftest import Refused, Told, counted
from tests.factories import sql

ABSENT = 1


async def _add(db: Database, author: Viewer, post: int, parent: int | None = None, body: str = "Well.") -> int:
    return (await comments.add(db, author, post_id=post, parent_id=parent, body=body)).id


async def test_a_comment_is_kept_counted_and_told(db: Database, ben: Viewer, post: int, told: Told) -> None:
    async with told() as happened:
        made = await comments.add(db, ben, post_id=post, parent_id=None, body=" Well,\nwell. ")
    assert (made.post_id, made.author_id, made.parent_id, made.depth) == (post, ben.key, None, 0)
    assert made.body == "Well,\nwell."
    assert await counted(db, "post_counters", post) == {"comments": 1}
    assert set(happened) == {events.CommentAdded(made.id, post, ben.key), events.CountsChanged(post)}
    assert len(happened) == 2


async def test_a_reply_is_counted_with_the_post_and_with_what_it_answers(
    db: Database, ada: Viewer, ben: Viewer, post: int
) -> None:
    top = await _add(db, ben, post)
    reply = await comments.add(db, ada, post_id=post, parent_id=top, body="Oh.")
    deeper = await comments.add(db, ben, post_id=post, parent_id=reply.id, body="Ah.")
    assert (reply.depth, deeper.depth) == (1, 2)
    assert await counted(db, "post_counters", post) == {"comments": 3}
    assert await counted(db, "comment_counters", top) == {"replies": 1}
    assert await counted(db, "comment_counters", reply.id) == {"replies": 1}


async def test_a_blocked_reader_cannot_comment_and_leaves_no_trace(
    db: Database, blocked: Viewer, post: int, refused: Refused
) -> None:
    async with refused(NotFound):
        await _add(db, blocked, post)


async def test_what_one_may_not_see_cannot_be_answered(
    db: Database, ada: Viewer, ben: Viewer, blocked: Viewer, post: int, refused: Refused
) -> None:
    for_followers = await factories.post(db, ada.key, visibility="FOLLOWERS")
    for number in (for_followers, ABSENT):
        async with refused(NotFound):
            await _add(db, ben, number)
    bens = await factories.post(db, ben.key)
    hidden = await factories.comment(db, bens, blocked.key)
    for parent in (hidden, ABSENT):
        async with refused(NotFound):
            await _add(db, ada, bens, parent)


async def test_a_comment_of_another_post_cannot_be_answered_here(
    db: Database, ada: Viewer, post: int, refused: Refused
) -> None:
    elsewhere = await factories.comment(db, await factories.post(db, ada.key), ada.key)
    async with refused(InvalidInput, "input", "parentId"):
        await _add(db, ada, post, elsewhere)


async def test_a_thread_ends_at_a_hundred_replies_deep(db: Database, ada: Viewer, post: int, refused: Refused) -> None:
    last_but_one = await factories.comment(db, post, ada.key, depth=99)
    deepest = await _add(db, ada, post, last_but_one)
    async with refused(InvalidInput, "input", "parentId"):
        await _add(db, ada, post, deepest)


@pytest.mark.parametrize("body", ["", "\u2003\n", "a\0b", "x" * 2001])
async def test_a_body_that_cannot_be_is_refused_and_leaves_no_trace(
    db: Database, ada: Viewer, post: int, body: str, refused: Refused
) -> None:
    comment = await factories.comment(db, post, ada.key)
    async with refused(InvalidInput, "input", "body"):
        await _add(db, ada, post, body=body)
    async with refused(InvalidInput, "input", "body"):
        await comments.edit(db, ada, comment, body=body)


async def test_nobody_comments_signed_out(db: Database, ada: Viewer, post: int, refused: Refused) -> None:
    comment = await factories.comment(db, post, ada.key)
    async with refused(NotSignedIn):
        await _add(db, Viewer(), post)
    async with refused(NotSignedIn):
        await comments.edit(db, Viewer(), comment, body="Well.")
    async with refused(NotSignedIn):
        await comments.remove(db, Viewer(), comment)


async def test_an_edit_changes_the_text_says_when_and_is_told(db: Database, ben: Viewer, post: int, told: Told) -> None:
    comment = await _add(db, ben, post)
    async with told() as happened:
        edited = await comments.edit(db, ben, comment, body="é" * 2000)
    assert edited.body == "é" * 2000
    assert edited.edited_at >= edited.created_at
    assert happened == [events.CommentEdited(comment, post, ben.key)]


async def test_only_its_author_edits_a_comment(
    db: Database, ada: Viewer, ben: Viewer, post: int, refused: Refused
) -> None:
    comment = await _add(db, ben, post)
    async with refused(Forbidden):
        await comments.edit(db, ada, comment, body="Mine.")


async def test_its_author_and_the_posts_author_delete_a_comment_and_nobody_else(
    db: Database, ada: Viewer, ben: Viewer, post: int, refused: Refused
) -> None:
    other = factories.viewer(await factories.user(db))
    first, second = await _add(db, ben, post), await _add(db, ben, post)
    async with refused(Forbidden):
        await comments.remove(db, other, first)
    assert await comments.remove(db, ben, first) == first
    assert await comments.remove(db, ada, second) == second
    assert await counted(db, "post_counters", post) == {}


async def test_what_one_may_not_see_is_not_there_to_edit_or_delete(
    db: Database, ada: Viewer, ben: Viewer, blocked: Viewer, post: int, refused: Refused
) -> None:
    hidden_post = await factories.comment(db, post, blocked.key)
    hidden_author = await factories.comment(db, await factories.post(db, ben.key), blocked.key)
    for viewer, number in ((blocked, hidden_post), (ada, hidden_post), (ada, hidden_author), (ada, ABSENT)):
        async with refused(NotFound):
            await comments.edit(db, viewer, number, body="Hello.")
        async with refused(NotFound):
            await comments.remove(db, viewer, number)


async def test_a_comment_goes_with_all_beneath_it_and_each_is_told(
    db: Database, ada: Viewer, ben: Viewer, post: int, told: Told
) -> None:
    stays = await _add(db, ben, post)
    top = await _add(db, ben, post, stays)
    replies = [await _add(db, ada, post, top), await _add(db, ben, post, top)]
    deepest = await _add(db, ada, post, replies[0])
    async with told() as happened:
        await comments.remove(db, ada, top)
    gone = {top: ben, replies[0]: ada, replies[1]: ben, deepest: ada}
    assert set(happened) == {
        events.CountsChanged(post),
        *(events.CommentDeleted(comment, post, author.key) for comment, author in gone.items()),
    }
    assert len(happened) == 5
    left = await sql(db, "select id from comments where post_id = :post", post=post)
    assert [row.id for row in left] == [stays]
    assert await counted(db, "post_counters", post) == {"comments": 1}
    assert await counted(db, "comment_counters", stays) == {}


async def test_what_was_deleted_is_not_there_to_delete_again(
    db: Database, ada: Viewer, post: int, refused: Refused
) -> None:
    comment = await _add(db, ada, post)
    reply = await _add(db, ada, post, comment)
    await comments.remove(db, ada, comment)
    for number in (comment, reply):
        async with refused(NotFound):
            await comments.remove(db, ada, number)
    await posts.remove(db, ada, post)
    async with refused(NotFound):
        await _add(db, ada, post)
