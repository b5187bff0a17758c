"""Lending rights in a real browser, by keyboard alone: less than an app asks for, or nothing, and to a device."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient

from tests.auth.oauth.client import App
from tests.browser.axe import NEEDS_NPM
from tests.browser.chromium import IN_CHROMIUM

playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")
expect = playwright.expect
pytestmark = [*IN_CHROMIUM, NEEDS_NPM, pytest.mark.timeout(120)]

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
WANTED = "profile:read posts:write offline_access"


@dataclass
class Desk:
    """Somebody at a keyboard, and an app that wants something of them."""

    page: Any
    app: App
    callback: str

    async def ask(self) -> None:
        """Come from the app, and sign in on the way."""
        await self.page.goto(f"/oauth/authorize?{self.app.query(scope=WANTED, redirect_uri=self.callback)}")
        await self.sign_in()
        await expect(self.page.get_by_role("heading", name="Allow Sketchbook?")).to_be_visible()

    async def press(self, *keys: str) -> None:
        """One key after another."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def write(self, text: str, then: str = "Tab") -> None:
        """Type into what has the focus."""
        await self.page.keyboard.type(text)
        await self.press(then)

    async def go_to(self, name: str) -> None:
        """Tab until the focus is there."""
        for _ in range(20):
            if await self.page.evaluate("document.activeElement.closest('label, button')?.innerText.trim()") == name:
                return
            await self.press("Tab")
        raise AssertionError(f"The keyboard doesn't reach {name}.")

    async def sign_in(self) -> None:
        """As linus, who comes first to the form's first field."""
        await expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()
        await self.page.get_by_label("Handle or e-mail address").focus()
        await self.write("linus")
        await self.write("starling", "Enter")

    async def told(self) -> dict[str, str]:
        """What the app is told when the browser comes to it."""
        await self.page.wait_for_url(lambda url: url.startswith(self.callback))
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query).items()}


@pytest.fixture
async def desk(browser, server: str) -> AsyncIterator[Desk]:
    """The app is at another origin of this machine; in the end, nothing was complained about."""
    callback = f"{server}/healthz"
    profile = await browser.new_context(base_url=server.replace("127.0.0.1", "localhost"))
    page, problems = await profile.new_page(), []
    page.on("console", lambda line: problems.append(line.text))
    async with AsyncClient(base_url=server) as http:
        described = {"client_name": "Sketchbook", "redirect_uris": [callback], "token_endpoint_auth_method": "none"}
        described |= {"grant_types": ["authorization_code", "refresh_token", DEVICE], "scope": WANTED}
        registered = (await http.post("/oauth/register", json=described)).json()
        yield Desk(page, App(None, http, registered["client_id"], None, "v" * 64), callback)  # type: ignore[arg-type]
    await profile.close()
    assert problems == []


async def test_one_lends_less_than_is_asked_for(desk: Desk, axe):
    await desk.ask()
    assert await axe(desk.page) == []
    await desk.go_to("Publish, edit, delete and like posts as you")
    await desk.press("Space")
    await desk.go_to("Allow")
    await desk.press("Enter")
    tokens = (await desk.app.redeem((await desk.told())["code"], redirect_uri=desk.callback)).json()
    assert tokens["scope"] == "offline_access profile:read"


async def test_one_denies(desk: Desk):
    await desk.ask()
    await desk.go_to("Deny")
    await desk.press("Enter")
    assert (await desk.told())["error"] == "access_denied"


async def test_one_lets_a_device_in_by_the_code_that_it_shows(desk: Desk, axe):
    waiting = (await desk.app.post("/oauth/device_authorization", scope=WANTED)).json()
    await desk.page.goto("/oauth/device")
    await desk.sign_in()
    await expect(desk.page.get_by_role("heading", name="Let a device in")).to_be_visible()
    await desk.page.get_by_label("Code").focus()
    await desk.write(waiting["user_code"].lower(), "Enter")
    await expect(desk.page.get_by_role("main")).to_contain_text(f"Your device shows the code {waiting['user_code']}.")
    assert await axe(desk.page) == []
    await desk.go_to("Allow")
    await desk.press("Enter")
    await expect(desk.page.get_by_role("main")).to_contain_text("You can go back to it.")
    assert await axe(desk.page) == []
    tokens = await desk.app.post("/oauth/token", grant_type=DEVICE, device_code=waiting["device_code"])
    assert set(tokens.json()["scope"].split()) == set(WANTED.split())
