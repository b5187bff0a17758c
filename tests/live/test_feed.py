"""A feed is told what the viewer may see at that moment: every rule, with what must not be told after it."""

import asyncio

import pytest

from core.errors import NotSignedIn
from domain import follows, posts
from execution.fields import ALONE
from live import sources, updates
from live.updates import RemovalReason
from loaders.feeds import Feed
from models.posts import Visibility
from tests.live.world import NOBODY, caught_up, marked


async def test_a_feed_needs_somebody_whose_it_is(world):
    with pytest.raises(NotSignedIn):
        await sources.feed_updates(world.context(NOBODY), None)


async def test_a_followed_post_comes_with_the_feeds_edge(world, ada, bob):
    await world.follow(ada, bob)
    feed = await world.feed(ada)
    post = await world.post(bob, Visibility.FOLLOWERS)
    added = await feed.next()
    assert isinstance(added, updates.PostAdded)
    assert added.edge.node.body == "Hello."
    page = await world.context(ada).loaders[Feed].page(first=1).load(ALONE)
    assert added.edge.cursor == page.cursor(page.rows[0])
    assert page.rows[0].id == post.id
    await posts.edit(world.db, bob, post.id, body="Goodbye.")
    edited = await feed.next()
    assert (type(edited), edited.post.body) == (updates.PostEdited, "Goodbye.")
    await posts.remove(world.db, bob, post.id)
    removed = await feed.next()
    assert (removed.post_id, removed.reason) == (post.id, RemovalReason.DELETED)


async def test_strangers_do_not_come_into_a_feed(world, ada, bob):
    feed = await world.feed(ada)
    post = await world.post(bob)
    await posts.edit(world.db, bob, post.id, body="Goodbye.")
    await posts.remove(world.db, bob, post.id)
    await marked(world, ada, feed)


async def test_a_post_that_is_gone_when_it_is_told_is_told_as_gone_only(world, ada, bob):
    await world.follow(ada, bob)
    after = world.hub.live_cursor()
    post = await world.post(bob)
    await posts.remove(world.db, bob, post.id)
    feed = await world.feed(ada, after)
    assert isinstance(await feed.next(), updates.PostRemoved)
    await marked(world, ada, feed)


async def test_unfollowing_takes_the_authors_posts_away(world, ada, bob):
    await world.follow(ada, bob)
    written = [await world.post(bob, Visibility.FOLLOWERS) for _ in range(3)]
    await caught_up(world)
    feed = await world.feed(ada)
    await follows.unfollow(world.db, ada, bob.user_id)
    removed = [await feed.next() for _ in written]
    assert [each.post_id for each in removed] == [post.id for post in reversed(written)]
    assert {each.reason for each in removed} == {RemovalReason.UNFOLLOWED}
    await world.post(bob)
    await marked(world, ada, feed)


async def test_of_several_updates_only_the_last_moves_the_cursor(world, ada, bob):
    await world.follow(ada, bob)
    for _ in range(3):
        await world.post(bob)
    await caught_up(world)
    before = world.hub.live_cursor()
    feed = await world.feed(ada)
    await follows.unfollow(world.db, ada, bob.user_id)
    removed = [await feed.next() for _ in range(3)]
    assert [each.cursor for each in removed] == [before, before, world.hub.live_cursor()]
    again = await world.feed(ada, removed[1].cursor)
    assert [await again.next() for _ in range(3)] == removed


async def test_posts_written_after_an_unfollow_are_not_given_away_when_it_is_replayed(world, ada, bob):
    await world.make_private(bob)
    await world.follow(ada, bob)
    await follows.accept(world.db, bob, ada.user_id)
    seen = await world.post(bob)
    await caught_up(world)
    after = world.hub.live_cursor()
    await follows.unfollow(world.db, ada, bob.user_id)
    await world.post(bob)
    feed = await world.feed(ada, after)
    assert (await feed.next()).post_id == seen.id
    await marked(world, ada, feed)


async def test_who_follows_again_before_it_is_told_keeps_the_posts(world, ada, bob):
    await world.follow(ada, bob)
    await world.post(bob)
    await caught_up(world)
    after = world.hub.live_cursor()
    await follows.unfollow(world.db, ada, bob.user_id)
    await world.follow(ada, bob)
    await marked(world, ada, await world.feed(ada, after))


@pytest.mark.parametrize("by_viewer", [True, False])
async def test_a_block_takes_the_others_posts_away(world, ada, bob, by_viewer):
    await world.follow(ada, bob)
    post = await world.post(bob, Visibility.FOLLOWERS)
    await caught_up(world)
    feed = await world.feed(ada)
    blocker, blocked = (ada, bob) if by_viewer else (bob, ada)
    await follows.block(world.db, blocker, blocked.user_id)
    removed = await feed.next()
    assert (removed.post_id, removed.reason) == (post.id, RemovalReason.BLOCKED)
    await world.post(bob)
    await marked(world, ada, feed)


async def test_a_block_between_strangers_names_only_posts_that_all_could_see(world, ada, bob):
    public = await world.post(bob)
    await world.post(bob, Visibility.FOLLOWERS)
    await caught_up(world)
    feed = await world.feed(ada)
    await follows.block(world.db, bob, ada.user_id)
    assert (await feed.next()).post_id == public.id
    await marked(world, ada, feed)


async def test_followers_keep_an_author_who_becomes_private(world, ada, bob):
    await world.follow(ada, bob)
    feed = await world.feed(ada)
    await world.make_private(bob)
    post = await world.post(bob)
    assert (await feed.next()).edge.node.id == post.id


async def test_a_feed_for_many_asks_once_who_follows(world, bob, statements):
    followers = [await world.person() for _ in range(10)]
    feeds = [await world.feed(viewer) for viewer in followers]
    await caught_up(world)
    del statements.texts[:]
    await world.post(bob)
    await caught_up(world)
    await asyncio.sleep(0.1)
    assert len([text for text in statements.texts if "follows" in text]) == 1
    for viewer, feed in zip(followers, feeds, strict=True):
        await marked(world, viewer, feed)
