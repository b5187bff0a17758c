"""A worker's parts on the tests' database, and a way to have it do what there is to do."""

from collections.abc import Awaitable, Callable

import pytest

from core.database import Database
from core.settings import Settings
from jobs.parts import Parts
from jobs.worker import application, run

Work = Callable[..., Awaitable[None]]


@pytest.fixture
def work(db: Database, database_url: str) -> Work:
    """Do all jobs that are due, with these settings."""

    async def work(**settings: object) -> None:
        config = Settings(database_url=database_url, **settings)
        async with application(database_url).open_async() as app:
            await run(app, Parts(db, config), wait=False)

    return work
