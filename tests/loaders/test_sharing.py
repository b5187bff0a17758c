"""What one field's failure does to others that wait for the same row."""

import asyncio
from typing import Any

import pytest

from core.database import Database
from core.errors import Unavailable
from loaders.posts import PostCounts
from loaders.users import UserById
from tests import factories
from tests.api import Api


async def test_a_field_that_fails_takes_no_other_down_with_it(
    api: Api, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields that ask for the same row wait for one read: where one of them is given up, the others get it still."""
    author = await factories.user(db)
    [first, second] = await factories.posts(db, [author] * 2)
    load_users = UserById.batch_load_fn

    async def fail(self: PostCounts, keys: list[int]) -> list[Any]:
        raise Unavailable("database")

    async def load_late(self: UserById, keys: list[int]) -> list[Any]:
        await asyncio.sleep(0.05)
        return await load_users(self, keys)

    monkeypatch.setattr(PostCounts, "batch_load_fn", fail)
    monkeypatch.setattr(UserById, "batch_load_fn", load_late)
    async with asyncio.timeout(5):
        answer = await api.answer(
            """query ($first: ID!, $second: ID!) {
                fails: node(id: $first) { ... on Post { author { id } likeCount } }
                works: node(id: $second) { ... on Post { author { id } } }
            }""",
            first=f"post_{first}",
            second=f"post_{second}",
        )
    assert answer["data"] == {"fails": None, "works": {"author": {"id": f"user_{author}"}}}
    assert [error["path"] for error in answer["errors"]] == [["fails", "likeCount"]]
