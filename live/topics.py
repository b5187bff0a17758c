"""Whom an event may concern: what listeners are woken by."""

from domain import events
from domain.events import Event

Topic = tuple[str, int]

POSTS: Topic = ("posts", 0)
"""Everything that happens to posts themselves."""


def post(post_id: int) -> Topic:
    """All that happens to and under a post."""
    return ("post", post_id)


def user(user_id: int) -> Topic:
    """What happens between a user and others, or to what others may see of them."""
    return ("user", user_id)


def topics(event: Event | None) -> tuple[Topic, ...]:
    """The topics of an event."""
    match event:
        case events.PostEvent():
            return POSTS, post(event.post_id)
        case events.CommentEvent() | events.CountsChanged():
            return (post(event.post_id),)
        case events.Unfollowed():
            return (user(event.follower_id),)
        case events.Blocked():
            return user(event.blocker_id), user(event.blocked_id)
        case events.MadePrivate():
            return (user(event.user_id),)
    return ()
