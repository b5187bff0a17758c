"""The account's pages: what a person sees and changes of their own."""

import re

import pytest

from tests.api import PASSWORD
from tests.factories import age, sql, take_password
from tests.mail import Post
from tests.transport.pages.browser import ELSEWHERE, ORIGIN
from tests.waiting import until

STRONGER = "a quite different otter lamp"
PAGES = [
    "/account",
    *(f"/account/{name}" for name in ("address", "password", "sessions", "apps", "tokens", "developer/new")),
    *(f"/account/{name}" for name in ("developer", "identities", "log")),
]


@pytest.fixture
async def at_home(browser, ada):
    await browser.sign_in(ada.handle)
    return browser


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_for_who_is_signed_in(browser, path):
    answer = await browser.http.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")


async def test_who_is_suspended_reads_why_and_nothing_else(api, at_home, ada, db):
    moderator = await api.sign_up()
    await sql(db, "update accounts set role = 'MODERATOR' where user_id = :id", id=moderator.number)
    await api.mutate("suspendUser", moderator, userId=ada.id, reason="Spam.")

    async def is_felt() -> bool:
        return (await at_home.http.get("/account")).status_code == 403

    await until(is_felt, 1)
    for path in PAGES:
        answer = await at_home.http.get(path)
        assert answer.status_code == 403
        assert "Spam." in answer.text
        assert "<form" not in answer.text


async def test_a_password_is_changed_and_other_sign_ins_end(api, at_home, ada):
    wrong = await at_home.send("/account/password", currentPassword="not this one", newPassword=STRONGER)
    assert wrong.status_code == 400
    assert 'id="currentPassword-problem"' in wrong.text
    done = await at_home.send("/account/password", currentPassword=PASSWORD, newPassword=STRONGER)
    assert (done.status_code, done.headers["location"]) == (303, "/account/password?done")
    assert 'role="status"' in (await at_home.http.get("/account/password?done")).text
    assert await at_home.who(**ORIGIN) == ada.handle
    assert (await at_home.sign_in(ada.handle)).status_code == 401


async def test_password_managers_are_told_which_field_is_which(at_home):
    text = (await at_home.http.get("/account/password")).text
    for name, kind in (("currentPassword", "current-password"), ("newPassword", "new-password")):
        assert re.search(rf'<input id="{name}"[^>]* autocomplete="{kind}"', text)


async def test_another_address_is_one_once_its_letter_is_used(at_home, ada, db):
    new = f"new_{ada.handle}@example.org"
    assert (await at_home.send("/account/address", email=new, password=PASSWORD)).status_code == 303
    assert new not in (await at_home.http.get("/account")).text
    token = await Post(db).token(new, "confirm_new_email")
    await at_home.send(f"/account/email?token={token}")
    assert f"<strong>{new}</strong>, confirmed" in (await at_home.http.get("/account")).text


async def test_who_has_no_password_changes_the_address_and_is_told_how_to_have_one(at_home, ada, db):
    await take_password(db, ada)
    assert 'href="/forgot"' in (await at_home.http.get("/account/password")).text
    assert 'name="password"' not in (await at_home.http.get("/account/address")).text
    assert (await at_home.send("/account/address", email=f"new_{ada.handle}@example.org")).status_code == 303
    form = await at_home.form("/account/address") | {"email": f"newer_{ada.handle}@example.org"}
    await age(db, ada)
    late = await at_home.http.post("/account/address", data=form, headers=ORIGIN)
    assert late.status_code == 400
    assert 'href="/sign-in?next=/account/address"' in late.text


async def test_one_reads_what_happened(at_home):
    text = (await at_home.http.get("/account/log")).text
    assert "The account was made." in text


@pytest.mark.parametrize("path", PAGES[:-3])
async def test_another_site_changes_nothing_and_leaves_no_trace(at_home, rows, path):
    form = await at_home.form("/account") | {"email": "x@example.org", "password": PASSWORD, "newPassword": STRONGER}
    before = await rows()
    assert (await at_home.http.post(path, data=form, headers=ELSEWHERE)).status_code == 403
    assert (await at_home.http.post(path, data=form | {"token": "0"}, headers=ORIGIN)).status_code == 403
    assert await rows() == before
