"""Everybody can use every page: axe-core finds nothing, in light and in dark.

Pages that one comes to by doing something are looked at by the tests that do it.
"""

import pytest
from starlette.routing import Route

from core.settings import Settings
from tests.browser.axe import NEEDS_NPM
from tests.browser.chromium import IN_CHROMIUM
from transport.cookies import Cookies
from transport.pages.addresses import routes

pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")
pytestmark = [*IN_CHROMIUM, NEEDS_NPM, pytest.mark.timeout(120)]

PAGES = [
    route.path
    for route in routes(None, None, Cookies(Settings()), Settings())  # type: ignore[arg-type]
    if isinstance(route, Route) and "GET" in (route.methods or ()) and "{" not in route.path
]
FOR_ANYBODY = ["/sign-in", "/sign-up", "/forgot", "/dev/mail"]
OTHERS = [path for path in PAGES if path not in FOR_ANYBODY]


@pytest.mark.parametrize("paths", [FOR_ANYBODY, OTHERS[::2], OTHERS[1::2]], ids=["anybody", "me", "me too"])
async def test_axe_finds_nothing(browser, server: str, axe, paths: list[str]):
    page = await (await browser.new_context(base_url=server)).new_page()
    if paths is not FOR_ANYBODY:
        await page.goto("/sign-in")
        await page.get_by_label("Handle or e-mail address").fill("ada")
        await page.get_by_label("Password").fill("starling")
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await page.wait_for_url("**/account")
    for path in paths:
        await page.goto(path)
        assert await axe(page) == []
