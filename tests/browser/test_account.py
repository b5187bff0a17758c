"""Everybody can use the account's pages, those too that one comes to by doing something."""

import psycopg
import pytest
from httpx2 import AsyncClient

from tests.api import PASSWORD, Api
from tests.browser.axe import NEEDS_NPM
from tests.browser.chromium import IN_CHROMIUM
from tests.serving import Server

playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")
expect = playwright.expect
pytestmark = [*IN_CHROMIUM, NEEDS_NPM, pytest.mark.timeout(120)]
IDENTITY = """insert into identities (user_id, issuer, subject, provider, label)
    values (%s, 'https://id.example', 'holly', 'Elsewhere', 'holly@id.example')"""


async def test_axe_finds_nothing_where_things_are_made_wrong_and_shown_once(browser, demo_server: Server, axe):
    async with AsyncClient(base_url=demo_server.url) as http:
        holly = await Api(http).sign_up("holly_browser")
    with psycopg.connect(demo_server.database_url, autocommit=True) as connection:
        connection.execute(IDENTITY, [holly.number])
    profile = await browser.new_context(base_url=demo_server.url, viewport={"width": 360, "height": 640})
    page = await profile.new_page()
    found = []

    async def come_to(role: str, name: str) -> None:
        await page.get_by_role(role, name=name).first.click()
        await page.wait_for_load_state()
        found.extend(await axe(page))

    await page.goto("/sign-in?next=/account/tokens")
    await page.get_by_label("Handle or e-mail address").fill("holly_browser")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    for given in ((" ",), ("Nightly backup", "Read the posts")):
        name, *scopes = given
        await page.get_by_role("textbox", name="Name").fill(name)
        for scope in scopes:
            await page.get_by_role("checkbox", name=scope).check()
        await come_to("button", "Make the token")
    await come_to("link", "I have kept it")
    await expect(page.get_by_role("main")).to_contain_text("Read the posts that you may read")
    await page.goto("/account/developer/new")
    for uri in ("javascript:alert(1)", "https://sketchbook.example/back"):
        await page.get_by_role("textbox", name="Name").fill("Sketchbook")
        await page.get_by_role("textbox", name="Redirect URIs").fill(uri)
        await come_to("button", "Register the app")
    await come_to("link", "I have kept it")
    await come_to("link", "Delete this app")
    await page.goto("/account/identities")
    await come_to("link", "Unlink Elsewhere")
    await expect(page.get_by_role("button", name="Unlink it")).to_be_visible()
    assert found == []
    await profile.close()
