"""How a level of the graph is read: one statement for all keys of a batch, seen through the viewer's eyes."""

from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import BigInteger, Executable, Select, any_, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

from core import metrics
from core.reads import Reader
from domain.viewer import Viewer
from execution.loading import LevelLoader

K = TypeVar("K")
V = TypeVar("V")

KEYS = bindparam("keys", type_=ARRAY(BigInteger))
"""The batch's keys in a loader's statement."""
ANY_KEY = any_(KEYS)


def each_key(name: str = "keys") -> TableValuedAlias:
    """The batch's keys as a table with the column `key`, for one LATERAL read of each."""
    return func.unnest(KEYS).table_valued("key", name=name).render_derived()


class BatchLoader(LevelLoader[K, V], Generic[K, V]):
    """A DataLoader that knows the database and who is looking. Lives for one operation, or one live event."""

    def __init__(self, db: Reader, viewer: Viewer) -> None:
        super().__init__()
        self.db = db
        self.viewer = viewer

    @property
    def name(self) -> str:
        """What its statements are counted under."""
        return type(self).__name__

    async def read(self, statement: Executable, **parameters: Any) -> list[Any]:
        """The statement's rows for this viewer."""
        metrics.count_batch(self.name, len(parameters.get("keys", ())))
        return await self.db.read(statement, viewer=self.viewer.key, **parameters)


class RowLoader(BatchLoader[int, V | None], Generic[V]):
    """Rows by a unique key; None where there is none that the viewer may see."""

    statement: ClassVar[Select[Any]]
    key: ClassVar[str] = "id"

    async def batch_load_fn(self, keys: list[int]) -> list[V | None]:
        """Read all rows at once, in the order of their keys."""
        rows = await self.read(self.statement, keys=keys)
        found = dict(zip(map(attrgetter(self.key), rows), rows, strict=True))
        return list(map(found.get, keys))


class FlagLoader(BatchLoader[int, bool]):
    """Whether something is so for a key: the statement selects the keys for which it is."""

    statement: ClassVar[Select[Any]]

    async def batch_load_fn(self, keys: list[int]) -> list[bool]:
        """Read all flags at once, in the order of their keys."""
        found = {row[0] for row in await self.read(self.statement, keys=keys)}
        return [key in found for key in keys]


class Loaders:
    """The loaders of one operation: one of each kind, made when its first key comes, so that no batch is ever split."""

    def __init__(self, db: Reader, viewer: Viewer) -> None:
        self._db, self._viewer = db, viewer
        self._made: dict[type[Any], Any] = {}

    def __getitem__(self, kind: type[V]) -> V:
        loader = self._made.get(kind)
        if loader is None:
            loader = self._made[kind] = kind(self._db, self._viewer)  # type: ignore[call-arg]
        return loader
