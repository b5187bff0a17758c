"""Likes: once each, by those who see what they like."""

from typing import Any

import pytest

from core.database import Database
from core.errors import NotFound, NotSignedIn
from domain import events, likes
from domain.viewer import Viewer
from tests import factories
from tests.domain.conftest import Refused, Told, counted

ABSENT = 1
COMMANDS: list[tuple[str, Any]] = [
    ("post", likes.like_post),
    ("post", likes.unlike_post),
    ("comment", likes.like_comment),
    ("comment", likes.unlike_comment),
]


@pytest.fixture
async def comment(db: Database, ada: Viewer, post: int) -> int:
    return await factories.comment(db, post, ada.key)


async def test_liking_a_post_twice_counts_and_tells_once(db: Database, ben: Viewer, post: int, told: Told) -> None:
    async with told() as happened:
        for _ in range(2):
            assert (await likes.like_post(db, ben, post)).id == post
    assert await counted(db, "post_counters", post) == {"likes": 1}
    assert happened == [events.CountsChanged(post)]


async def test_unliking_a_post_twice_counts_and_tells_once(
    db: Database, ada: Viewer, ben: Viewer, post: int, told: Told
) -> None:
    await likes.like_post(db, ada, post)
    await likes.like_post(db, ben, post)
    async with told() as happened:
        for _ in range(2):
            assert (await likes.unlike_post(db, ben, post)).id == post
    assert await counted(db, "post_counters", post) == {"likes": 1}
    assert happened == [events.CountsChanged(post)]


async def test_a_comment_is_liked_and_unliked_once_each(db: Database, ben: Viewer, comment: int) -> None:
    for _ in range(2):
        await likes.like_comment(db, ben, comment)
    assert await counted(db, "comment_counters", comment) == {"likes": 1}
    for _ in range(2):
        await likes.unlike_comment(db, ben, comment)
    assert await counted(db, "comment_counters", comment) == {}


@pytest.mark.parametrize(("kind", "command"), COMMANDS)
async def test_nobody_likes_signed_out(
    db: Database, post: int, comment: int, kind: str, command: Any, refused: Refused
) -> None:
    async with refused(NotSignedIn):
        await command(db, Viewer(), post if kind == "post" else comment)


@pytest.mark.parametrize(("kind", "command"), COMMANDS)
async def test_what_one_may_not_see_cannot_be_liked_and_nothing_is_left(
    db: Database, ada: Viewer, ben: Viewer, post: int, blocked: Viewer, kind: str, command: Any, refused: Refused
) -> None:
    hidden = await factories.post(db, ada.key, visibility="FOLLOWERS")
    for viewer, parent in ((blocked, post), (ben, hidden)):
        target = parent if kind == "post" else await factories.comment(db, parent, ada.key)
        async with refused(NotFound):
            await command(db, viewer, target)
    async with refused(NotFound):
        await command(db, ben, ABSENT)


async def test_a_comment_by_somebody_blocked_cannot_be_liked_under_a_post_that_is_seen(
    db: Database, ada: Viewer, ben: Viewer, blocked: Viewer, refused: Refused
) -> None:
    comment = await factories.comment(db, await factories.post(db, ben.key), blocked.key)
    async with refused(NotFound):
        await likes.like_comment(db, ada, comment)
