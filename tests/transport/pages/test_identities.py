"""The page of who one is elsewhere, and of letting it let nobody in any more."""

import re

import pytest
from pydantic import SecretStr

from core.providers import OpenIDProvider
from core.settings import settings
from domain import identities
from domain.device import Device
from tests.factories import age, take_password
from tests.transport.pages.browser import ELSEWHERE, ORIGIN

HOME = "/account/identities"


@pytest.fixture
async def at_home(browser, ada, monkeypatch):
    named = OpenIDProvider(
        name="elsewhere", title="Elsewhere", issuer="https://id.example", client_id="1", client_secret=SecretStr("2")
    )
    monkeypatch.setattr(settings(), "sign_in_with", (named,))
    await browser.sign_in(ada.handle)
    return browser


@pytest.fixture
async def path(at_home, ada, db) -> str:
    """Where what lets Ada in is unlinked."""
    identity = {"issuer": "https://id.example", "subject": ada.handle, "provider": "Elsewhere", "label": "ada@id"}
    async with db.write() as tx:
        await identities.link(tx, ada.number, Device("192.0.2.1"), **identity)
    found = re.search(rf'href="({HOME}/identity_\d+)"', (await at_home.http.get(HOME)).text)
    assert found
    return found[1]


async def test_one_sees_who_lets_one_in_and_who_may(at_home, path):
    text = (await at_home.http.get(HOME)).text
    assert "<strong>Elsewhere</strong>, as ada@id" in text
    assert f'href="/sign-in/with/elsewhere?link&amp;next={HOME}"' in text


async def test_an_identity_is_unlinked(at_home, path):
    assert "ada@id" in (await at_home.http.get(path)).text
    assert (await at_home.send(path)).headers["location"] == f"{HOME}?done"
    assert "No other provider lets you in." in (await at_home.http.get(HOME)).text
    assert (await at_home.http.get(path)).status_code == 404


async def test_the_last_way_in_stays(at_home, ada, path, rows, db):
    await take_password(db, ada)
    before = await rows()
    answer = await at_home.send(path)
    assert answer.status_code == 409
    assert "last way in" in answer.text
    assert await rows() == before


async def test_who_signed_in_long_ago_unlinks_nothing(at_home, ada, path, rows, db):
    form = await at_home.form(path)
    await age(db, ada)
    before = await rows()
    answer = await at_home.http.post(path, data=form, headers=ORIGIN)
    assert answer.status_code == 400
    assert f'href="/sign-in?next={path}"' in answer.text
    assert await rows() == before


async def test_somebody_elses_is_as_unknown_as_one_that_there_is_none_of(api, at_home, path, rows):
    at_home.http.cookies.clear()
    await at_home.sign_in((await api.sign_up()).handle)
    form, before = await at_home.form("/account"), await rows()
    unknown = await at_home.http.get(f"{HOME}/identity_1")
    for answer in (
        await at_home.http.get(path),
        await at_home.http.get(f"{HOME}/nothing"),
        await at_home.http.post(path, data=form, headers=ORIGIN),
    ):
        assert (answer.status_code, answer.text) == (404, unknown.text)
    assert await rows() == before


async def test_another_site_unlinks_nothing(at_home, path, rows):
    form, before = await at_home.form(path), await rows()
    assert (await at_home.http.post(path, data=form, headers=ELSEWHERE)).status_code == 403
    assert (await at_home.http.post(path, data={"token": "0"}, headers=ORIGIN)).status_code == 403
    assert await rows() == before
