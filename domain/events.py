"""What happened, as the rest of Starling hears of it: ids only, never content, in the transaction that did it."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, insert

from core.transactions import Transaction
from models.outbox import OutboxEvent

_RECORD = insert(OutboxEvent).values(kind=bindparam("kind"), payload=bindparam("payload"))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class PostEvent(Event):
    """Something that happened to a post."""

    post_id: int
    author_id: int


class PostAdded(PostEvent):
    """A post was published."""

    __slots__ = ()


class PostEdited(PostEvent):
    """A post's text changed."""

    __slots__ = ()


class PostDeleted(PostEvent):
    """A post is gone."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CommentEvent(Event):
    """Something that happened to a comment."""

    comment_id: int
    post_id: int
    author_id: int


class CommentAdded(CommentEvent):
    """A comment was written."""

    __slots__ = ()


class CommentEdited(CommentEvent):
    """A comment's text changed."""

    __slots__ = ()


class CommentDeleted(CommentEvent):
    """A comment is gone; each of its replies has an event of its own."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CountsChanged(Event):
    """A post was liked, unliked or commented on."""

    post_id: int


@dataclass(frozen=True, slots=True)
class Unfollowed(Event):
    """A follow ended."""

    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class Blocked(Event):
    """A block hides two people from each other."""

    blocker_id: int
    blocked_id: int


@dataclass(frozen=True, slots=True)
class MadePrivate(Event):
    """A user's posts are for accepted followers from now on."""

    user_id: int


@dataclass(frozen=True, slots=True)
class SessionRevoked(Event):
    """A sign-in ended; its access tokens are void."""

    session_id: int


@dataclass(frozen=True, slots=True)
class AccountChanged(Event):
    """Somebody's role or suspension changed: their tokens say something else from now on."""

    user_id: int


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        PostAdded,
        PostEdited,
        PostDeleted,
        CommentAdded,
        CommentEdited,
        CommentDeleted,
        CountsChanged,
        Unfollowed,
        Blocked,
        MadePrivate,
        SessionRevoked,
        AccountChanged,
    )
}


def record(tx: Transaction, event: Event) -> None:
    """Write the event to the outbox; it is told once the transaction is committed, and never otherwise."""
    tx.later(_RECORD, kind=type(event).__name__, payload=asdict(event))
    tx.has_events = True


def parse(kind: str, payload: dict[str, Any]) -> Event | None:
    """The event of an outbox row; None for a kind that a newer version wrote."""
    event = KINDS.get(kind)
    return event(**payload) if event else None
