"""What events mean for feeds: posts by the viewer and by those whom the viewer follows."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from core import ids
from domain import events
from domain.viewer import Viewer
from execution.pages import Edge, Page
from live import topics, updates
from live.audience import Audience, Seen
from live.stream import Entry
from live.topics import Topic
from live.updates import RemovalReason, Telling, series
from loaders.base import Loaders
from loaders.feeds import Feed
from loaders.follows import FollowOfViewer, FollowState
from loaders.posts import NewestPosts
from loaders.users import UserById


class Feeds:
    """The subject of `feedUpdates`: everybody's feed."""

    has_counts = False
    topics: tuple[Topic, ...] = (topics.FEEDS,)

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    async def counted(self, viewers: Collection[int]) -> list[Telling]:
        """Nothing."""
        return []

    async def told(self, entries: Sequence[Entry], viewers: Collection[int]) -> list[list[Telling]]:
        """What each event means for these viewers' feeds as they are now."""
        ids = {
            entry.event.post_id for entry in entries if isinstance(entry.event, events.PostAdded | events.PostEdited)
        }
        seen = await self._audience.of_posts_in_feeds(ids, viewers)
        return [await self._told(entry, viewers, seen) for entry in entries]

    async def _told(self, entry: Entry, viewers: Collection[int], seen: Mapping[int, Seen]) -> list[Telling]:
        match entry.event:
            case events.PostDeleted(post_id, author_id):
                gone = partial(updates.PostRemoved, post_id=post_id, reason=RemovalReason.DELETED)
                return [Telling(gone, await self._audience.of_author(author_id, viewers))]
            case events.PostEvent(post_id) as event:
                return [_post(event, seen[post_id])] if post_id in seen else []
            case events.Unfollowed(viewer, author) if viewer in viewers:
                return await self._author_left(entry, viewer, author)
            case events.Blocked(one, other):
                both = [(one, other), (other, one)]
                return [
                    telling
                    for viewer, author in both
                    if viewer in viewers
                    for telling in await self._author_blocked(entry, viewer, author)
                ]
        return []

    async def _author_left(self, entry: Entry, viewer: int, author: int) -> list[Telling]:
        """The viewer followed the author until now, and so could see every post."""
        loaders = Loaders(self._audience.db, Viewer(viewer))
        if await loaders[FollowOfViewer].load(author) is FollowState.FOLLOWING:
            return []
        is_visible = await loaders[UserById].load(author) is not None
        reason = RemovalReason.UNFOLLOWED if is_visible else RemovalReason.BLOCKED
        posts = await loaders[NewestPosts].load((author, ids.at(entry.at)))
        return series([partial(updates.PostRemoved, post_id=post.id, reason=reason) for post in posts], viewer)

    async def _author_blocked(self, entry: Entry, viewer: int, author: int) -> list[Telling]:
        """Where there was a follow, its end has taken all posts away. Otherwise there may be those that all could see.

        The ids of others would tell how much somebody writes who has hidden it.
        """
        loaders = Loaders(self._audience.db, Viewer(viewer))
        if await loaders[FollowOfViewer].load(author) is FollowState.FOLLOWING:
            return []
        posts = [post for post in await loaders[NewestPosts].load((author, ids.at(entry.at))) if post.for_all]
        blocked = RemovalReason.BLOCKED
        return series([partial(updates.PostRemoved, post_id=post.id, reason=blocked) for post in posts], viewer)


def _post(event: events.PostEvent, seen: Seen) -> Telling:
    if isinstance(event, events.PostEdited):
        return Telling(partial(updates.PostEdited, post=seen.row), seen.by)
    page = Page([seen.row], False, False, Feed.listings[""].cursor)
    return Telling(partial(updates.PostAdded, edge=Edge(seen.row, page)), seen.by)
