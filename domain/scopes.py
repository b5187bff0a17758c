"""What a token may be used for: the one list, named beside each field of the schema and read out to people."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """A right that somebody lends to an app, or to a token of their own."""

    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    COMMENTS_READ = "comments:read"
    COMMENTS_WRITE = "comments:write"
    FOLLOWS_READ = "follows:read"
    FOLLOWS_WRITE = "follows:write"
    FEED_READ = "feed:read"
    ACCOUNT = "account"
    """Passwords, sessions, tokens, apps: never lent."""


WORDS = {
    Scope.PROFILE_READ: "See profiles, yours included",
    Scope.PROFILE_WRITE: "Change your profile",
    Scope.POSTS_READ: "Read the posts that you may read",
    Scope.POSTS_WRITE: "Publish, edit, delete and like posts as you",
    Scope.COMMENTS_READ: "Read the comments that you may read",
    Scope.COMMENTS_WRITE: "Write, edit, delete and like comments as you",
    Scope.FOLLOWS_READ: "See who follows whom, and who asks to follow you",
    Scope.FOLLOWS_WRITE: "Follow, unfollow, accept and block people for you",
    Scope.FEED_READ: "Read your feed, and follow it live",
}
"""What a person is told who is asked for it. What isn't here can't be asked for."""

LENDABLE = frozenset(WORDS)


class Claim(StrEnum):
    """What OpenID Connect asks for: nothing of the graph, but what an app learns of the person, and for how long."""

    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    OFFLINE_ACCESS = "offline_access"


CLAIM_WORDS = {
    Claim.OPENID: "Know that it is you",
    Claim.PROFILE: "See your handle, name and picture",
    Claim.EMAIL: "See your e-mail address",
    Claim.OFFLINE_ACCESS: "Go on while you are away, until you end it",
}

ASKABLE = {str(scope): words for scope, words in (*CLAIM_WORDS.items(), *WORDS.items())}
"""All that an app may ask for, in the order and the words in which people are asked."""


def in_order(scopes: Iterable[str]) -> list[str]:
    """Scopes in that order."""
    chosen = frozenset(scopes)
    return [scope for scope in ASKABLE if scope in chosen]
