"""What tests of the edge look at besides the answer: the rows that are there, and what was logged."""

import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest
from sqlalchemy import func, literal, select, union_all

from core.database import Database
from models.base import Base

Rows = Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture(scope="session")
def rows(db: Database) -> Rows:
    """Counts the rows of every table."""
    tables = Base.metadata.tables
    count = union_all(*(select(literal(name).label("name"), func.count()).select_from(tables[name]) for name in tables))

    async def rows() -> dict[str, int]:
        return dict(await db.read(count))

    return rows


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may be logged as an error, and no traceback, while the test runs."""
    yield
    for record in caplog.get_records("call"):
        assert record.levelno < logging.ERROR, record.getMessage()
        assert not record.exc_info, record.getMessage()
