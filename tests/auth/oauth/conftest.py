"""Apps, and somebody to lend them something."""

import pytest

from core.database import Database
from tests import factories
from tests.api import Api, Person
from tests.auth.oauth.client import App


@pytest.fixture
async def ada(db: Database) -> Person:
    return await factories.person(db)


@pytest.fixture
async def web(db: Database, api: Api) -> App:
    """An app that can keep a secret."""
    return await App.make(db, api.http)


@pytest.fixture
async def native(db: Database, api: Api) -> App:
    """An app that can't."""
    return await App.make(db, api.http, auth_method="none")


@pytest.fixture(params=["client_secret_basic", "none"])
async def each(request: pytest.FixtureRequest, db: Database, api: Api) -> App:
    """An app of either kind, one after the other."""
    return await App.make(db, api.http, auth_method=request.param)
