"""Live updates: where subscriptions come from."""

from collections.abc import AsyncIterator

from core.ids import decode_as
from live import sources
from loaders.context import Info


def feed_updates(info: Info, after: str | None) -> AsyncIterator[object]:
    """What happens to the viewer's feed. Raises NotSignedIn, InvalidInput."""
    return sources.feed_updates(info.context, after)


def post_updates(info: Info, post_id: str, after: str | None) -> AsyncIterator[object]:
    """What happens to a post. Raises NotFound, InvalidInput."""
    return sources.post_updates(info.context, decode_as("post", post_id, "postId"), after)
