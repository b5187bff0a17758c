import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest

from tests.browser.axe import complaints
from tests.browser.chromium import executable
from tests.clients.npm import HERE, install

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


@pytest.fixture(scope="session")
async def axe() -> Callable[[object], Awaitable[list[str]]]:
    """What axe-core says against a page."""
    await install()
    return partial(complaints, (HERE / "node_modules/axe-core/axe.min.js").read_text("utf-8"))


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return request.param
