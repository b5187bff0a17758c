"""Live updates: where subscriptions come from."""

from core.ids import decode_as
from live import sources
from live.sources import Source
from loaders.context import Info


async def feed_updates(info: Info, after: str | None = None) -> Source:
    """What happens to the viewer's feed. Raises NotSignedIn, InvalidInput."""
    return await sources.feed_updates(info.context, info.context.resume or after)


async def post_updates(info: Info, post_id: str, after: str | None = None) -> Source:
    """What happens to a post. Raises NotFound, InvalidInput."""
    return await sources.post_updates(info.context, decode_as("post", post_id, "postId"), info.context.resume or after)
