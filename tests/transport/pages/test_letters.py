"""Signing up, and where the links of letters lead: a look at a page uses nothing up."""

import pytest

from tests.api import PASSWORD
from tests.mail import Post

STRONGER = "a quite different otter lamp"


@pytest.fixture
def post(db) -> Post:
    return Post(db)


def account(handle: str, **other: str) -> dict[str, str]:
    return {"handle": handle, "name": "Cleo", "email": f"{handle}@example.org", "password": PASSWORD} | other


async def test_a_page_signs_up_and_in_and_the_letter_confirms_the_address(browser, post):
    done = await browser.send("/sign-up", **account("cleo_pages"))
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert "@cleo_pages" in (await browser.http.get("/account")).text
    token = await post.token("cleo_pages@example.org", "verify_email")
    for _ in range(2):
        assert "cleo_pages@example.org" in (await browser.http.get(f"/account/verify?token={token}")).text
    assert "Done" in (await browser.send(f"/account/verify?token={token}")).text
    assert (await browser.http.get(f"/account/verify?token={token}")).status_code == 404
    browser.http.cookies.clear()
    assert (await browser.sign_in("cleo_pages@example.org")).status_code == 303


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(browser, rows):
    before = await rows()
    answer = await browser.send("/sign-up", **account("No Handle!", name='"><script>', password="short"))
    assert answer.status_code == 400
    assert 'aria-describedby="handle-problem handle-hint" aria-invalid="true"' in answer.text
    assert 'value="No Handle!"' in answer.text
    assert 'value="&#34;&gt;&lt;script&gt;"' in answer.text
    assert "short" not in answer.text
    assert await rows() == before


async def test_a_forgotten_password_is_replaced_by_a_letter(browser, post, work):
    await browser.send("/sign-up", **account("dido_pages"))
    token = await post.token("dido_pages@example.org", "verify_email")
    await browser.send(f"/account/verify?token={token}")
    browser.http.cookies.clear()
    known = await browser.send("/forgot", email="dido_pages@example.org")
    unknown = await browser.send("/forgot", email="nobody_pages@example.org")
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    await work()
    link = f"/account/reset?token={await post.token('dido_pages@example.org', 'reset_password')}"
    weak = await browser.send(link, password="password")
    assert weak.status_code == 400
    assert 'id="password-problem"' in weak.text
    assert "Done" in (await browser.send(link, password=STRONGER)).text
    assert (await browser.sign_in("dido_pages")).status_code == 401
    assert (await browser.sign_in("dido_pages", STRONGER)).status_code == 303


async def test_an_address_that_somebody_else_confirmed_meanwhile_is_refused_in_a_page(browser, post):
    links = []
    for handle in ("fay_pages", "finn_pages"):
        browser.http.cookies.clear()
        await browser.send("/sign-up", **account(handle, email="fay@example.org"))
        links.append(f"/account/verify?token={await post.token('fay@example.org', 'verify_email')}")
    assert "Done" in (await browser.send(links[1])).text
    answer = await browser.send(links[0])
    assert answer.status_code == 409
    assert "Another account has this address already." in answer.text


@pytest.mark.parametrize("page", ["verify", "email", "undo", "reset"])
async def test_a_link_that_is_none_is_said_to_be_no_longer_good(browser, page):
    answer = await browser.http.get(f"/account/{page}?token=nothing")
    assert answer.status_code == 404
    assert "no longer good" in answer.text


async def test_a_link_of_one_page_is_nothing_to_another(browser, post):
    await browser.send("/sign-up", **account("elena_pages"))
    token = await post.token("elena_pages@example.org", "verify_email")
    for page in ("email", "undo", "reset"):
        assert (await browser.http.get(f"/account/{page}?token={token}")).status_code == 404
