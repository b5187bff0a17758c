"""Whom of those who listen an event concerns: one SELECT for all of them, made after the event came."""

from aiodataloader import DataLoader
from sqlalchemy import BigInteger, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from models.follows import Follow

_pair = func.unnest(
    bindparam("viewers", type_=ARRAY(BigInteger)), bindparam("authors", type_=ARRAY(BigInteger))
).table_valued("viewer", "author")
_pairs = _pair.render_derived(name="pairs")


class FollowsAuthor(DataLoader[tuple[int, int], bool]):
    """Whether a viewer follows an author, for (viewer, author). Batches across subscribers, and remembers nothing."""

    statement = select(_pairs.c.viewer, _pairs.c.author).join(
        Follow, and_(Follow.follower_id == _pairs.c.viewer, Follow.followee_id == _pairs.c.author)
    )

    def __init__(self, db: Database) -> None:
        super().__init__(cache=False)
        self._db = db

    async def batch_load_fn(self, keys: list[tuple[int, int]]) -> list[bool]:
        """Read all pairs at once."""
        viewers, authors = map(list, zip(*keys, strict=True))
        found = {tuple(row) for row in await self._db.read(self.statement, viewers=viewers, authors=authors)}
        return [key in found for key in keys]
