import pytest

from tests.transport.pages.browser import Browser


@pytest.fixture
async def browser(api):
    yield Browser(api.http)
    api.http.cookies.clear()


@pytest.fixture
async def ada(api):
    return await api.sign_up()
