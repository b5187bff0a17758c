"""Whom an event may concern: what channels are woken by."""

from domain import events
from domain.events import Event

Topic = tuple[str, int]

FEEDS: Topic = ("feeds", 0)
"""Everything that puts posts into feeds, changes them there, or takes them away."""


def post(post_id: int) -> Topic:
    """All that happens to and under a post."""
    return ("post", post_id)


def user(user_id: int) -> Topic:
    """What changes who may see the user's posts."""
    return ("user", user_id)


def topics(event: Event | None) -> tuple[Topic, ...]:
    """The topics of an event."""
    match event:
        case events.PostEvent():
            return FEEDS, post(event.post_id)
        case events.CommentEvent() | events.CountsChanged():
            return (post(event.post_id),)
        case events.Unfollowed():
            return FEEDS, user(event.followee_id)
        case events.Blocked():
            return FEEDS, user(event.blocker_id), user(event.blocked_id)
        case events.MadePrivate():
            return (user(event.user_id),)
    return ()
