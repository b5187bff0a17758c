"""The authenticator app in a real browser: set up, asked for, and turned off; and everybody can use its pages."""

import pyotp
import pytest
from httpx2 import AsyncClient

from tests.api import PASSWORD, Api
from tests.browser.axe import NEEDS_NPM
from tests.browser.chromium import IN_CHROMIUM

playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")
expect = playwright.expect
pytestmark = [*IN_CHROMIUM, NEEDS_NPM, pytest.mark.timeout(120)]


async def test_an_app_is_set_up_asked_for_and_turned_off(browser, server: str, axe):
    async with AsyncClient(base_url=server) as http:
        await Api(http).sign_up("edith_browser")
    profile = await browser.new_context(base_url=server)
    page = await profile.new_page()

    async def send(button: str, **fields: str) -> None:
        for label, text in fields.items():
            await page.get_by_label(label, exact=True).fill(text)
        await page.get_by_role("button", name=button, exact=True).click()

    credentials = {"Handle or e-mail address": "edith_browser", "Password": PASSWORD}
    await page.goto("/sign-in?next=/account/factors")
    await send("Sign in", **credentials)
    await send("Set the app up")
    assert await axe(page) == []
    await send("Turn it on", Code=pyotp.TOTP(await page.get_by_role("code").inner_text()).now())
    await expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert await axe(page) == []
    [first, *_] = await page.get_by_role("listitem").all_inner_texts()
    await page.goto("/sign-in?next=/account/factors")
    await send("Sign in", **credentials)
    await send("Sign in", Code="123 456")
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await axe(page) == []
    await send("Sign in", Code=first)
    await expect(page.get_by_role("main")).to_contain_text("You have 9 recovery codes left.")
    assert await axe(page) == []
    await send("Turn the app off")
    await expect(page.get_by_role("button", name="Set the app up")).to_be_visible()
    await profile.close()
