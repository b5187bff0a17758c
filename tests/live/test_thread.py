"""A thread is told what the viewer may see at that moment, and ends when the post goes out of sight."""

import asyncio
import time

import pytest

from core.errors import NotFound
from domain import comments, follows, likes, posts
from live import sources, updates
from live.updates import RemovalReason
from loaders.comments import CommentsOfPost, RepliesOfComment
from models.posts import Visibility
from tests.live.world import NOBODY, caught_up, marked_thread


async def test_an_invisible_post_cannot_be_subscribed_to(world, ada, bob):
    hidden = await world.post(bob, Visibility.FOLLOWERS)
    for viewer, post_id in ((ada, hidden.id), (NOBODY, hidden.id), (ada, 1)):
        with pytest.raises(NotFound):
            await sources.post_updates(world.context(viewer), post_id, None)


async def test_a_thread_tells_comments_with_their_edges(world, ada, bob):
    post = await world.post(bob)
    thread = await world.thread(NOBODY, post)
    top = await world.comment(ada, post)
    added, _ = await thread.until(updates.CommentAdded)
    assert added.edge.node.id == top.id
    assert added.edge.cursor == CommentsOfPost.listings["NEWEST"].cursor(top)
    reply = await world.comment(bob, post, top)
    added, _ = await thread.until(updates.CommentAdded)
    assert added.edge.cursor == RepliesOfComment.listings["OLDEST"].cursor(reply)
    await comments.edit(world.db, bob, reply.id, body="Oh.")
    edited, _ = await thread.until(updates.CommentEdited)
    assert edited.comment.body == "Oh."
    await comments.remove(world.db, ada, top.id)
    removed = [(await thread.until(updates.CommentRemoved))[0] for _ in range(2)]
    assert {(each.comment_id, each.reason) for each in removed} == {
        (top.id, RemovalReason.DELETED),
        (reply.id, RemovalReason.DELETED),
    }


async def test_a_blocked_persons_comments_are_not_told_in_any_way(world, ada, bob, eve):
    post = await world.post(bob)
    await follows.block(world.db, ada, eve.user_id)
    await caught_up(world)
    thread = await world.thread(ada, post)
    comment = await world.comment(eve, post)
    await comments.edit(world.db, eve, comment.id, body="Psst.")
    await marked_thread(world, bob, post, thread)
    await comments.remove(world.db, eve, comment.id)
    await marked_thread(world, bob, post, thread)


async def test_other_posts_are_not_told(world, ada, bob):
    post, other = await world.post(bob), await world.post(bob)
    thread = await world.thread(ada, post)
    await world.comment(ada, other)
    await posts.edit(world.db, bob, other.id, body="Hm.")
    await marked_thread(world, bob, post, thread)


async def test_an_edit_is_told_and_a_deletion_ends_it(world, ada, bob):
    post = await world.post(bob)
    thread = await world.thread(ada, post)
    await posts.edit(world.db, bob, post.id, body="Hm.")
    assert (await thread.next()).post.body == "Hm."
    await posts.remove(world.db, bob, post.id)
    removed = await thread.next()
    assert (removed.post_id, removed.reason) == (post.id, RemovalReason.DELETED)
    assert await thread.next() is None


async def test_counts_come_at_most_twice_a_second_and_the_last_is_right(world, ada, bob):
    post = await world.post(bob)
    thread = await world.thread(ada, post)
    started = time.monotonic()
    for _ in range(8):
        person = await world.person()
        await likes.like_post(world.db, person, post.id)
        await asyncio.sleep(0.1)
    told = []
    while not told or told[-1].like_count < 8:
        told.append(await thread.next())
    assert (told[-1].like_count, told[-1].comment_count) == (8, 0)
    assert len(told) <= 2 + 2 * (time.monotonic() - started)


async def test_counts_leave_out_whom_a_block_hides(world, ada, bob, eve):
    post = await world.post(bob)
    await follows.block(world.db, ada, eve.user_id)
    await caught_up(world)
    seen, unseen = await world.thread(bob, post), await world.thread(ada, post)
    await likes.like_post(world.db, eve, post.id)
    assert (await seen.next()).like_count == 1
    assert (await unseen.next()).like_count == 0


async def test_counts_that_were_due_at_a_disconnect_are_told_on_resuming(world, ada, bob):
    post = await world.post(bob)
    await likes.like_post(world.db, ada, post.id)
    await caught_up(world)
    thread = await world.thread(ada, post, world.hub.live_cursor())
    counts = await thread.next()
    assert (type(counts), counts.like_count) == (updates.CountsChanged, 1)


async def _unfollow(world, viewer, author):
    await follows.unfollow(world.db, viewer, author.user_id)


async def _block(world, viewer, author):
    await follows.block(world.db, viewer, author.user_id)


async def _be_blocked(world, viewer, author):
    await follows.block(world.db, author, viewer.user_id)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (_unfollow, RemovalReason.UNFOLLOWED),
        (_block, RemovalReason.BLOCKED),
        (_be_blocked, RemovalReason.BLOCKED),
    ],
)
async def test_a_post_that_goes_out_of_sight_ends_its_subscription(world, ada, bob, happens, reason):
    await world.follow(ada, bob)
    post = await world.post(bob, Visibility.FOLLOWERS)
    thread = await world.thread(ada, post)
    await happens(world, ada, bob)
    await world.comment(bob, post)
    removed = await thread.next()
    assert (type(removed), removed.post_id, removed.reason) == (updates.PostRemoved, post.id, reason)
    assert await thread.next() is None


async def test_a_private_author_keeps_followers_and_loses_everybody_else(world, ada, bob, eve):
    await world.follow(ada, bob)
    post = await world.post(bob)
    follower, stranger, nobody = [await world.thread(viewer, post) for viewer in (ada, eve, NOBODY)]
    await world.make_private(bob)
    for thread in (stranger, nobody):
        assert (await thread.next()).reason == RemovalReason.HIDDEN
        assert await thread.next() is None
    await marked_thread(world, bob, post, follower)


async def test_what_happens_between_others_ends_nothing(world, ada, bob, eve):
    post = await world.post(bob)
    thread = await world.thread(ada, post)
    await world.follow(eve, bob)
    await follows.unfollow(world.db, eve, bob.user_id)
    await follows.block(world.db, ada, eve.user_id)
    await marked_thread(world, bob, post, thread)
