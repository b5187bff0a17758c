import os
from collections.abc import AsyncIterator

import pytest

from tests.browser.chromium import executable

QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator:
    """A headless browser."""
    playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=executable, args=[*QUIET, *as_root])
        yield running
        await running.close()


@pytest.fixture
async def browser(chromium) -> AsyncIterator:
    """The browser, which forgets afterwards what its profiles know."""
    yield chromium
    for profile in chromium.contexts:
        await profile.close()


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return request.param
