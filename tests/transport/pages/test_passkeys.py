"""Passkeys by pages, as far as HTTP goes; what a browser does with them is in tests/browser."""

import json

import pytest

from tests.authenticator import Authenticator
from tests.factories import age
from tests.transport.pages.browser import ELSEWHERE, ORIGIN

FACTORS = "/account/factors"
OWN, DOOR = f"{FACTORS}/passkeys", "/sign-in/passkey"


async def add(browser, key: Authenticator, name: str = "My key"):
    asked = await browser.send(FACTORS, f"{OWN}/options")
    return await browser.send(FACTORS, OWN, credential=key.create(asked.text), name=name)


async def come_in(browser, key: Authenticator, **fields):
    asked = await browser.send("/sign-in", f"{DOOR}/options")
    return await browser.send("/sign-in", DOOR, credential=key.get(asked.text), **fields)


async def listed(browser) -> str:
    return (await browser.http.get(FACTORS)).text


async def test_a_passkey_is_added_lets_in_is_renamed_and_removed(browser, ada):
    key = Authenticator()
    await browser.sign_in(ada.handle)
    assert (await add(browser, key)).headers["location"] == f"{FACTORS}?done"
    assert "<strong>My key</strong>" in await listed(browser)
    browser.http.cookies.clear()
    let_in = await come_in(browser, key, next="/device")
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/device")
    assert await browser.who(**ORIGIN) == ada.handle
    renamed = await browser.send(FACTORS, f"{OWN}/change", do="rename", name="Another <name>")
    assert renamed.status_code == 303
    assert "<strong>Another &lt;name&gt;</strong>" in await listed(browser)
    assert (await browser.send(FACTORS, f"{OWN}/change", do="rename", name="")).status_code == 400
    assert (await browser.send(FACTORS, f"{OWN}/change", do="remove")).status_code == 303
    assert "You have none." in await listed(browser)
    browser.http.cookies.clear()
    refused = await come_in(browser, key)
    assert refused.status_code == 401
    assert "know this passkey" in refused.text
    assert await browser.who(**ORIGIN) is None


async def test_what_no_browser_sends_is_said_to_be_no_passkey_and_leaves_no_trace(browser, ada, rows):
    await browser.sign_in(ada.handle)
    before = await rows()
    for path, sent, status in (
        (OWN, {"credential": "{}", "name": "Key"}, 400),
        (OWN, {}, 400),
        (f"{OWN}/change", {"passkey": "passkey_1", "name": "Key"}, 404),
        (f"{OWN}/change", {"passkey": "post_1", "do": "remove"}, 404),
        (DOOR, {"credential": "{}"}, 401),
    ):
        refused = await browser.send(FACTORS, path, **sent)
        assert (refused.status_code, "<main>" in refused.text) == (status, True), path
        assert 'role="alert"' in refused.text or "There is no such passkey" in refused.text
    assert await rows() == before


async def test_who_signed_in_a_while_ago_signs_in_once_more_before_a_change(browser, ada, db, rows):
    await browser.sign_in(ada.handle)
    form = await browser.form(FACTORS)
    await age(db, ada)
    before = await rows()
    page = await listed(browser)
    assert "Sign in once more" in page
    assert "data-passkey" not in page
    for path in (f"{OWN}/options", f"{FACTORS}/begin", f"{FACTORS}/disable", f"{FACTORS}/renew"):
        refused = await browser.http.post(path, data=form, headers=ORIGIN)
        assert refused.status_code == 400
        assert "sign in once more" in refused.text
    assert json.loads((await browser.http.post(f"{OWN}/options", data=form, headers=ORIGIN)).text).keys() == {"message"}
    assert await rows() == before


@pytest.mark.parametrize("path", [OWN, f"{OWN}/options", f"{OWN}/change", DOOR, f"{DOOR}/options"])
async def test_another_site_neither_asks_nor_changes_nor_signs_in_by_a_passkey(browser, ada, rows, path):
    await browser.sign_in(ada.handle)
    form, before = await browser.form(FACTORS), await rows()
    assert (await browser.http.post(path, data=form, headers=ELSEWHERE)).status_code == 403
    assert (await browser.http.post(path, data={"token": ""}, headers=ORIGIN)).status_code == 403
    assert await rows() == before
