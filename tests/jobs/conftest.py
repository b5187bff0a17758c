"""A queue with nothing in it."""

import pytest

from core.database import Database
from tests.factories import sql


@pytest.fixture(autouse=True)
async def empty(db: Database) -> None:
    await sql(db, "delete from procrastinate_jobs")
