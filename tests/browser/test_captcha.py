"""A real browser does the work that a page asks for, while somebody fills the form in again."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from httpx2 import AsyncClient
from starlette.applications import Starlette

from auth.attempts import RULES, Attempt
from tests.api import PASSWORD, Api
from tests.auth.test_captcha import account
from tests.browser.axe import NEEDS_NPM
from tests.browser.chromium import IN_CHROMIUM
from tests.listening import listening

playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")
expect = playwright.expect
pytestmark = [*IN_CHROMIUM, NEEDS_NPM, pytest.mark.timeout(120), pytest.mark.usefixtures("strict")]
numbers = count(1)


@pytest.fixture
async def page(browser, app: Starlette) -> AsyncIterator:
    """A page of the application in this process, at an address of its own; and a client beside it, `page.api`."""
    address = {"x-forwarded-for": f"203.0.113.{next(numbers)}"}
    async with listening(app) as url, AsyncClient(base_url=url, headers=address) as http:
        profile = await browser.new_context(base_url=url, extra_http_headers=address)
        page, problems = await profile.new_page(), []
        page.on("console", lambda line: problems.append(line.text))
        page.api = Api(http)
        yield page
        await profile.close()
    assert [line for line in problems if "status of 401" not in line] == []


async def fill(page, button: str, **fields: str) -> None:
    for label, text in fields.items():
        await page.get_by_label(label.replace("_", " "), exact=True).fill(text)
    await page.get_by_role("button", name=button, exact=True).click()


async def test_who_failed_too_often_is_let_in_by_their_browsers_work(page, axe):
    ada = await page.api.sign_up()
    await page.goto("/sign-in")
    for _ in range(RULES[Attempt.SIGN_IN].account.asks + 1):
        await fill(page, "Sign in", **{"Handle or e-mail address": ada.handle}, Password="wrong")
    await expect(page.get_by_role("alert").first).to_contain_text("many tries")
    assert await axe(page) == []
    await fill(page, "Sign in", Password=PASSWORD)
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()


async def test_the_eleventh_who_signs_up_from_an_address_lets_the_browser_work(page, axe):
    for _ in range(RULES[Attempt.SIGN_UP].address.asks):
        await page.api.mutate("signUp", **account())
    await page.goto("/sign-up")
    given = account()
    fields = {"Handle": given["handle"], "Name": "S", "E-mail address": given["email"], "Password": PASSWORD}
    await fill(page, "Create account", **fields)
    await expect(page.get_by_role("status")).to_have_text("Your browser has shown that it is no machine.")
    assert await axe(page) == []
    await fill(page, "Create account", Password=PASSWORD)
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()
