"""The pages in a real browser that runs no scripts: whole journeys, by what people read and press."""

import re

import pytest

from tests.browser.chromium import IN_CHROMIUM
from tests.waiting import until

playwright = pytest.importorskip("playwright.async_api", reason="run with `uv run --group browser pytest`")

expect = playwright.expect
pytestmark = [*IN_CHROMIUM, pytest.mark.timeout(120)]
PASSWORD, STRONGER = "correct horse battery", "a quite different otter lamp"


@pytest.fixture
async def page(browser, server: str):
    """A page of a browser without scripts; in the end, nothing was complained about and nothing went elsewhere."""
    profile = await browser.new_context(java_script_enabled=False, base_url=server)
    asked, complaints = [], []
    profile.on("request", lambda sent: asked.append(sent.url))
    profile.on("console", lambda line: complaints.append(line.text))
    yield await profile.new_page()
    await profile.close()
    assert [url for url in asked if not url.startswith(f"{server}/")] == []
    assert [line for line in complaints if not re.search(r"status of 40[01]", line)] == []


async def fill(page, button: str, **fields: str):
    for label, text in fields.items():
        await page.get_by_label(label.replace("_", " "), exact=True).fill(text)
    await page.get_by_role("button", name=button, exact=True).click()


async def sign_up(page, handle: str):
    await page.goto("/sign-up")
    labels = {"Handle": handle, "Name": "Cleo", "E-mail address": f"{handle}@example.org", "Password": PASSWORD}
    await fill(page, "Create account", **labels)
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()


async def follow_letter(page, handle: str, subject: str):
    row = page.get_by_role("listitem").filter(has_text=handle).filter(has_text=re.compile(subject, re.IGNORECASE)).first
    await page.goto("/dev/mail")
    while not await row.count():  # a worker finds out whose address it is
        await page.wait_for_timeout(100)
        await page.reload()
    await row.get_by_role("link").click()
    link = re.search(r"https?://[^/\s]+(/\S+)", await page.locator("pre").inner_text())
    assert link
    await page.goto(link[1])


async def test_one_signs_up_confirms_the_address_and_comes_back_with_it(page):
    await sign_up(page, "cleo_browser")
    await expect(page.get_by_role("main")).to_contain_text("isn't confirmed yet")
    await follow_letter(page, "cleo_browser", "address")
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_role("heading", name="Done")).to_be_visible()
    await page.goto("/account")
    await expect(page.get_by_role("main")).to_contain_text("cleo_browser@example.org, confirmed")
    await page.get_by_role("button", name="Sign out").click()
    login = {"Handle or e-mail address": "cleo_browser@example.org"}
    await fill(page, "Sign in", **login, Password="something else entirely")
    await expect(page.get_by_role("alert")).to_contain_text("Wrong handle")
    await expect(page.get_by_label("Handle or e-mail address")).to_have_value("cleo_browser@example.org")
    await fill(page, "Sign in", Password=PASSWORD)
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()


async def test_a_forgotten_password_is_replaced_and_the_old_one_is_no_good(page):
    await sign_up(page, "dido_browser")
    await follow_letter(page, "dido_browser", "address")
    await page.get_by_role("button", name="Confirm").click()
    await page.goto("/forgot")
    await fill(page, "Send the link", **{"E-mail address": "dido_browser@example.org"})
    await follow_letter(page, "dido_browser", "password")
    await fill(page, "Change password", **{"New password": STRONGER})
    await page.get_by_role("link", name="Sign in").click()
    login = {"Handle or e-mail address": "dido_browser"}
    await fill(page, "Sign in", **login, Password=PASSWORD)
    await expect(page.get_by_role("alert")).to_be_visible()
    await fill(page, "Sign in", Password=STRONGER)
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()


async def test_signing_in_goes_by_keyboard_from_the_address_bar(page):
    await page.goto("/sign-in")
    await expect(page.get_by_role("button")).to_have_text("Sign in")  # what takes scripts isn't shown without
    for key in ("Tab", "Tab", "a", "d", "a", "Tab", *"starling", "Enter"):
        await page.keyboard.press(key)
    await expect(page.get_by_role("main")).to_contain_text("Ada Lovelace")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_page_looks_like_the_scheme_that_one_prefers(page, scheme):
    await page.emulate_media(color_scheme=scheme)
    for path in ("/sign-in", "/sign-up", "/forgot"):
        await page.goto(path)
        ground = await page.get_by_role("main").evaluate("main => getComputedStyle(main).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(29, 26, 43)"}[scheme]


async def fits(page) -> None:
    """Nothing is wider than a small telephone, once it is styled."""
    await page.wait_for_load_state()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360, page.url


async def test_one_makes_and_revokes_a_token_on_a_small_telephone(page):
    await page.set_viewport_size({"width": 360, "height": 640})
    await sign_up(page, "ella_browser")
    await page.get_by_role("navigation").get_by_role("link", name="Tokens").click()
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_role("textbox", name="Name")).to_be_focused()  # it is required
    await page.get_by_role("textbox", name="Name").fill("Nightly backup")
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_role("group", name="It may")).to_have_accessible_description("Choose at least one.")
    await expect(page.get_by_role("checkbox").first).to_be_focused()
    await fits(page)
    await page.get_by_role("checkbox", name="Read the posts").check()
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_role("definition")).to_contain_text("starling_pat_")
    await fits(page)
    await page.get_by_role("link", name="I have kept it").click()
    await fits(page)
    await page.get_by_role("button", name="Revoke Nightly backup").click()
    await expect(page.get_by_role("status")).to_have_text("The token is void.")
    await expect(page.get_by_role("main")).to_contain_text("You have no tokens.")


async def test_one_registers_changes_and_deletes_an_app_on_a_small_telephone(page):
    await page.set_viewport_size({"width": 360, "height": 640})
    await sign_up(page, "femi_browser")
    await page.get_by_role("navigation").get_by_role("link", name="Developer").click()
    await page.get_by_role("link", name="Register an app").click()
    await page.get_by_role("textbox", name="Name").fill("Sketchbook")
    await page.get_by_role("textbox", name="Redirect URIs").fill(f"https://sketchbook.example/{'back' * 40}")
    await fits(page)
    await page.get_by_role("button", name="Register the app").click()
    await expect(page.get_by_role("definition").last).to_contain_text("starling_app_")
    await fits(page)
    await page.get_by_role("link", name="I have kept it").click()
    await page.get_by_role("textbox", name="Redirect URIs").fill("javascript:alert(1)")
    await page.get_by_role("button", name="Change the app").click()
    await expect(page.get_by_role("textbox", name="Redirect URIs")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_role("textbox", name="Redirect URIs")).to_be_focused()
    await fits(page)
    await page.get_by_role("textbox", name="Redirect URIs").fill("com.sketchbook:/back")
    await page.get_by_role("button", name="Change the app").click()
    await expect(page.get_by_role("status")).to_have_text("The app is as you described it.")
    await page.get_by_role("link", name="Delete this app").click()
    await page.get_by_role("button", name="Delete Sketchbook").click()
    await expect(page.get_by_role("main")).to_contain_text("You write none yet.")


async def test_one_signs_another_browser_out(page, browser, server: str):
    await sign_up(page, "gaia_browser")
    profile = await browser.new_context(java_script_enabled=False, base_url=server)
    elsewhere = await profile.new_page()
    await elsewhere.goto("/sign-in")
    await fill(elsewhere, "Sign in", **{"Handle or e-mail address": "gaia_browser"}, Password=PASSWORD)
    await page.goto("/account/sessions")
    await page.get_by_role("button", name=re.compile("^Sign out Chrome on Linux, last used")).click()
    await expect(page.get_by_role("status")).to_contain_text("signed out")

    async def is_signed_out() -> bool:
        await elsewhere.goto("/account")
        return await elsewhere.get_by_role("heading", name="Sign in").count() == 1

    await until(is_signed_out, 1, every=0.2)
    await profile.close()
