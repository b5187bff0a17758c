"""What a request reads with: a session for each statement, and a DataLoader for each relation.

The statements are Starling's own, which give entities when a session runs them.
"""

import os
from collections import defaultdict
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from strawberry.dataloader import DataLoader

from loaders import follows, posts, users

OPTIONS = {"timezone": "UTC", "jit": "off", "statement_timeout": "5000", "plan_cache_mode": "force_generic_plan"}
engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1),
    pool_size=int(os.environ["POOL_SIZE"]),
    max_overflow=0,
    connect_args={"server_settings": OPTIONS},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
KEY = OctKey.import_key(os.environ["SECRET"])


@lru_cache(maxsize=10_000)
def viewer_of(authorization: str) -> int:
    """The user's id of a bearer token. Raises JoseError."""
    return int(jwt.decode(authorization.removeprefix("Bearer "), KEY, algorithms=["HS256"]).claims["sub"])


class Loaders:
    """One request's."""

    def __init__(self, viewer: int) -> None:
        self.viewer = viewer
        self.users = self.rows(users.UserById)
        self.posts = self.rows(posts.PostById)
        self.counts = self.rows(users.UserCounts, entity=False)
        self.user_by_handle = self.rows(users.UserByHandle, key="handle", keys="handles")
        self.follow = self.rows(follows.FollowOfViewer, entity=False)
        self.follows_viewer = self.rows(follows.FollowsViewer, key="follower_id", entity=False)
        self.pages: dict[Any, DataLoader[int, Any]] = {}

    async def read(self, statement: Any, **parameters: Any) -> Any:
        """The statement's result, all of it."""
        async with sessions() as session:
            return (await session.execute(statement, {"viewer": self.viewer, **parameters})).all()

    def rows(self, of: Any, *, key: str = "id", keys: str = "keys", entity: bool = True) -> DataLoader[Any, Any]:
        """A loader of entities, or of rows, by a key that is their own."""

        async def load(wanted: list[Any]) -> list[Any]:
            found = await self.read(of.statement, **{keys: wanted})
            by_key = {getattr(each, key): each for each in ([row[0] for row in found] if entity else found)}
            return [by_key.get(each) for each in wanted]

        return DataLoader(load)

    def page(self, of: Any, first: int, order: str = "") -> DataLoader[int, Any]:
        """A loader of pages of what a relation has for each key."""
        listing = of.listings[order]

        async def load(wanted: list[int]) -> list[Any]:
            pages = defaultdict(list)
            for row in await self.read(listing.statement, keys=wanted, limit=first + 1, after_0=listing.start[0]):
                pages[row.page_of].append(row[-1])
            return [pages[each] for each in wanted]

        return self.pages.setdefault((of, first, order), DataLoader(load))
