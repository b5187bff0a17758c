"""The pages on which developers look after their apps."""

import re

import pytest

from tests.transport.pages.browser import ELSEWHERE, ORIGIN

HOME, NEW = "/account/developer", "/account/developer/new"
ASKED = {
    "name": "Sketchbook",
    "website": "https://sketchbook.example",
    "redirectUris": "https://sketchbook.example/back\r\nhttp://127.0.0.1/back\r\n",
    "scope posts:read": "on",
    "kind": "server",
}
SECRET = r"<code>(starling_app_[\w-]+)</code>"
APPS = "{ viewer { developerApps { nodes { clientId name website redirectUris scopes keepsSecret forDevices } } } }"


@pytest.fixture
async def at_home(browser, ada):
    await browser.sign_in(ada.handle)
    return browser


async def register(browser, **changes) -> tuple[str, str]:
    """The path of a new app, and what its developer is shown."""
    shown = await browser.send(NEW, **(ASKED | changes))
    assert shown.status_code == 200
    path = re.search(rf'href="({HOME}/app_\d+)"', shown.text)
    assert path
    return path[1], shown.text


async def test_an_app_is_registered_and_its_secret_shown_once(api, at_home, ada):
    path, shown = await register(at_home, forDevices="on")
    secret = re.search(SECRET, shown)
    assert secret
    [app] = (await api(APPS, ada))["viewer"]["developerApps"]["nodes"]
    assert app.pop("clientId") == path.rpartition("/")[2]
    assert app == {
        "name": "Sketchbook",
        "website": "https://sketchbook.example",
        "redirectUris": ["https://sketchbook.example/back", "http://127.0.0.1/back"],
        "scopes": ["posts:read"],
        "keepsSecret": True,
        "forDevices": True,
    }
    for page in (HOME, path):
        text = (await at_home.http.get(page)).text
        assert "Sketchbook" in text
        assert secret[1] not in text


async def test_an_app_in_peoples_hands_has_no_secret_and_gets_none(at_home, rows):
    done = await at_home.send(NEW, **(ASKED | {"kind": ""}))
    assert done.status_code == 303
    path = done.headers["location"].removesuffix("?done")
    assert "It keeps no secret." in (await at_home.http.get(path)).text
    before = await rows()
    answer = await at_home.send(path, rotate="secret")
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert await rows() == before


async def test_an_app_is_described_anew_and_its_website_taken_away(api, at_home, ada):
    path, _ = await register(at_home)
    change = {"name": "Notebook", "website": "", "redirectUris": "com.notebook:/back", "scope feed:read": "on"}
    assert (await at_home.send(path, **change)).headers["location"] == f"{path}?done"
    [app] = (await api(APPS, ada))["viewer"]["developerApps"]["nodes"]
    assert (app["name"], app["website"], app["redirectUris"], app["scopes"]) == (
        "Notebook",
        None,
        ["com.notebook:/back"],
        ["feed:read"],
    )


async def test_another_secret_takes_the_place_of_the_one_before(at_home):
    path, first = await register(at_home)
    second = await at_home.send(path, rotate="secret")
    assert re.search(SECRET, first)[1] != re.search(SECRET, second.text)[1]
    assert "good for a day more" in (await at_home.http.get(path)).text


async def test_an_app_is_deleted_after_one_was_asked(at_home):
    path, _ = await register(at_home)
    assert "can't be taken back" in (await at_home.http.get(f"{path}/delete")).text
    assert (await at_home.send(f"{path}/delete")).headers["location"] == f"{HOME}?done"
    assert "You write none yet." in (await at_home.http.get(HOME)).text
    assert (await at_home.http.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"name": ""}, "name"),
        ({"website": "http://sketchbook.example"}, "website"),
        ({"redirectUris": " "}, "redirectUris"),
        ({"redirectUris": "https://good.example/back javascript:alert(1)"}, "redirectUris"),
        ({"scope account": "on"}, "scopes"),
        ({"name": "\0", "website": "\0", "redirectUris": "\0", "scope \0": "on"}, "scopes"),
    ],
)
async def test_what_is_wrong_with_an_app_is_said_at_its_field_and_nothing_changes(at_home, rows, given, at):
    path, _ = await register(at_home)
    before = await rows()
    for page in (NEW, path):
        answer = await at_home.send(page, **(ASKED | given))
        assert answer.status_code == 400
        assert f'id="{at}-problem"' in answer.text
        assert f'aria-describedby="{at}-problem' in answer.text
        assert 'name="scope posts:read" checked' in answer.text
    assert await rows() == before


async def test_somebody_elses_app_is_as_unknown_as_one_that_there_is_none_of(api, at_home, rows):
    path, _ = await register(at_home)
    at_home.http.cookies.clear()
    await at_home.sign_in((await api.sign_up()).handle)
    form, before = await at_home.form("/account"), await rows()
    for end in ("", "/delete"):
        unknown = await at_home.http.get(f"{HOME}/app_1{end}")
        answers = [
            await at_home.http.get(path + end),
            await at_home.http.get(f"{HOME}/nothing{end}"),
            await at_home.http.post(path + end, data=form | ASKED, headers=ORIGIN),
            await at_home.http.post(path + end, data=form | {"rotate": "secret"}, headers=ORIGIN),
        ]
        assert unknown.status_code == 404
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].text.replace(path, f"{HOME}/app_1") == unknown.text
    assert await rows() == before


async def test_another_site_registers_changes_and_deletes_nothing(at_home, rows):
    path, _ = await register(at_home)
    form, before = await at_home.form(NEW), await rows()
    for page, sent in ((NEW, ASKED), (path, ASKED), (path, {"rotate": "secret"}), (f"{path}/delete", {})):
        assert (await at_home.http.post(page, data=form | sent, headers=ELSEWHERE)).status_code == 403
        assert (await at_home.http.post(page, data=sent | {"token": "0"}, headers=ORIGIN)).status_code == 403
    assert await rows() == before


async def test_who_is_signed_out_signs_in_first(browser):
    for path in (NEW, f"{HOME}/app_1", f"{HOME}/app_1/delete"):
        answer = await browser.http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
