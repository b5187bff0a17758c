"""What a command leaves behind: the events it told, or, where it refuses, nothing at all."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from core.database import Database
from core.errors import InvalidInput, StarlingError
from domain import events
from domain.viewer import Viewer
from models.base import Base
from tests import factories
from tests.factories import sql

KEPT = {
    "idempotency_keys": "created_at > now() - interval '1 day'",
    "refresh_tokens": "expires_at > now()",
    "sessions": "id in (select session_id from refresh_tokens where expires_at > now())",
}
"""The rest is deleted whenever housekeeping comes to it, in an application that runs meanwhile."""

Refused = Callable[..., AbstractAsyncContextManager[None]]
Told = Callable[[], AbstractAsyncContextManager[list[events.Event]]]
Counts = dict[str, int]


STATE = " union all ".join(
    f"select '{table}', count(*), max(xmin::text::bigint) from {table} where {KEPT.get(table, 'true')}"  # noqa: S608
    for table in sorted(Base.metadata.tables.keys() - {"outbox", "streams"})
)


async def state(db: Database) -> dict[str, Any]:
    """Changes with every row that is written or deleted: their number, the latest writer, the last event."""
    rows = await sql(db, f"{STATE} union all select 'outbox', 0, max(id) from outbox")  # noqa: S608
    return {table: found for table, *found in rows}


@pytest.fixture
def refused(db: Database) -> Refused:
    """`async with refused(NotFound): …`: the command is refused, and nothing is changed or told."""

    @asynccontextmanager
    async def refusing(error: type[StarlingError], *path: str) -> AsyncIterator[None]:
        before = await state(db)
        with pytest.raises(error) as caught:
            yield
        if issubclass(error, InvalidInput):
            assert [field.path for field in caught.value.fields] == [path]
        assert await state(db) == before

    return refusing


@pytest.fixture
def told(db: Database) -> Told:
    """`async with told() as events: …`: afterwards, the events that were written meanwhile."""

    @asynccontextmanager
    async def telling() -> AsyncIterator[list[events.Event]]:
        [(last,)] = await sql(db, "select coalesce(max(id), 0) from outbox")
        found: list[events.Event] = []
        yield found
        rows = await sql(db, "select kind, payload from outbox where id > :last order by id", last=last)
        found += filter(None, (events.parse(row.kind, row.payload) for row in rows))

    return telling


@pytest.fixture
async def ada(db: Database) -> Viewer:
    return factories.viewer(await factories.user(db))


@pytest.fixture
async def ben(db: Database) -> Viewer:
    return factories.viewer(await factories.user(db))


@pytest.fixture
async def blocked(db: Database, ada: Viewer) -> Viewer:
    """Somebody whom ada has blocked."""
    other = await factories.user(db)
    await factories.block(db, [ada.key], [other])
    return factories.viewer(other)


@pytest.fixture
async def post(db: Database, ada: Viewer) -> int:
    """A public post of ada's."""
    return await factories.post(db, ada.key)


async def counted(db: Database, table: str, owner: int) -> Counts:
    """The sums of somebody's or something's counts over all slots, without those that are 0."""
    key = table.removesuffix("_counters") + "_id"
    rows = await sql(db, f"select * from {table} where {key} = :owner", owner=owner)  # noqa: S608
    sums: Counts = {}
    for row in rows:
        for name, value in row._asdict().items():
            if name not in (key, "slot"):
                sums[name] = sums.get(name, 0) + value
    return {name: value for name, value in sums.items() if value}
