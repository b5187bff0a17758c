"""The page of the authenticator app."""

import re

import pyotp

from tests.factories import take_password
from tests.transport.pages.browser import ELSEWHERE, ORIGIN, hidden

BEGIN, CONFIRM, DISABLE = (f"/account/factors/{name}" for name in ("begin", "confirm", "disable"))


async def test_an_app_is_turned_on_by_its_code_asked_for_and_turned_off(browser, ada):
    await browser.sign_in(ada.handle)
    shown = await browser.send("/account/factors", BEGIN)
    assert "<svg" in shown.text
    secret = re.search(r"<code>(\w+)</code>", shown.text)
    assert secret
    code = pyotp.TOTP(secret[1]).now()
    codes = await browser.http.post(CONFIRM, data=hidden(shown.text) | {"code": code}, headers=ORIGIN)
    recovery = re.findall(r"<li><code>(.+)</code>", codes.text)
    assert len(recovery) == len(set(recovery)) >= 8
    browser.http.cookies.clear()
    asked = await browser.sign_in(ada.handle)
    done = await browser.http.post("/sign-in/code", data=hidden(asked.text) | {"code": recovery[0]}, headers=ORIGIN)
    assert done.status_code == 303
    assert (await browser.send("/account/factors", DISABLE)).status_code == 303
    browser.http.cookies.clear()
    assert (await browser.sign_in(ada.handle)).status_code == 303


async def test_another_site_sets_no_app_up_and_leaves_no_trace(browser, ada, rows):
    await browser.sign_in(ada.handle)
    form = await browser.form("/account/factors")
    before = await rows()
    for path in (BEGIN, CONFIRM, DISABLE, "/account/factors/renew"):
        assert (await browser.http.post(path, data=form, headers=ELSEWHERE)).status_code == 403
    assert await rows() == before


async def test_who_is_signed_out_is_asked_to_sign_in_first(browser):
    form = await browser.form("/sign-in")
    answer = await browser.http.post(BEGIN, data=form, headers=ORIGIN)
    assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")


async def test_who_has_no_password_sets_an_app_up_too(browser, ada, db):
    await browser.sign_in(ada.handle)
    await take_password(db, ada)
    assert "<svg" in (await browser.send("/account/factors", BEGIN)).text
