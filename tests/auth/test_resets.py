"""A reset shuts out whoever is on the way in: what was begun before it ends before it, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pyotp
import pytest

from auth import passwords
from core.database import Database
from core.errors import NotSignedIn
from core.transactions import Transaction
from domain import access, addresses, challenges, links, resets, sessions, totp, ways_in
from domain.links import Purpose
from domain.sessions import Known
from domain.viewer import Viewer
from tests.api import PASSWORD, Api, Person, Rows
from tests.auth.oauth.client import HERE, App, in_front
from tests.factories import sql

ORIGIN = {"origin": "http://starling.test"}
SIGN_IN = "mutation ($in: SignInInput!) { signIn(input: $in) { __typename ... on SecondFactorRequired { challenge } } }"


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.sign_up()


def unaware(person: Person) -> Viewer:
    """Her, to a process that hasn't heard of a reset yet."""
    return Viewer(person.number, in_front(person).session_id)


async def reset(db: Database, person: Person) -> None:
    """Have her choose another password, as by a link."""
    async with db.write() as tx:
        link = links.make(tx, Purpose.RESET_PASSWORD, person.number, f"{person.handle}@example.org")
    await resets.reset(db, link.partition("token=")[2], "another password's hash", HERE)


async def undo(db: Database, person: Person) -> None:
    """Have her take the last change of her address back, which ends as much."""
    async with db.write() as tx:
        link = links.make(tx, Purpose.UNDO_EMAIL_CHANGE, person.number, f"{person.handle}@example.org")
    await addresses.use(db, link.partition("token=")[2], HERE)


async def left(db: Database, person: Person) -> list[str]:
    """Which of her sessions are open."""
    query = "select kind from sessions where user_id = :id and revoked_at is null"
    return [row.kind for row in await sql(db, query, id=person.number)]


def and_then(work: Callable[..., Awaitable[bool]], happens: Callable[[], Awaitable[None]]):
    """The same work, after which something happens."""

    async def both(*given: object) -> bool:
        done = await work(*given)
        await happens()
        return done

    return both


async def by_api(api: Api, person: Person) -> bool:
    answer = await api.post(SIGN_IN, {"in": {"login": person.handle, "password": PASSWORD}})
    return "SignInSuccess" in answer.text


async def by_browser(api: Api, person: Person) -> bool:
    given = {"login": person.handle, "password": PASSWORD}
    answer = await api.http.post("/session", json=given, headers=ORIGIN)
    api.http.cookies.clear()
    return answer.status_code == 204


@pytest.mark.parametrize("sign_in", [by_api, by_browser])
async def test_a_password_that_was_right_before_it_lets_nobody_in_after_it(
    db: Database, api: Api, ada: Person, monkeypatch, sign_in
):
    assert await sign_in(api, ada)
    monkeypatch.setattr(passwords, "verify", and_then(passwords.verify, partial(reset, db, ada)))
    assert not await sign_in(api, ada)
    assert await left(db, ada) == []


async def test_a_code_that_is_asked_for_by_then_lets_nobody_in(db: Database, api: Api, ada: Person, monkeypatch):
    secret = (await api.mutate("beginTotp", ada, "totp { secret }", password=PASSWORD))["totp"]["secret"]
    confirmed = await api.mutate("confirmTotp", ada, "recoveryCodes", code=pyotp.TOTP(secret).now())
    monkeypatch.setattr(totp, "is_on", and_then(totp.is_on, partial(reset, db, ada)))
    asked = await api(SIGN_IN, **{"in": {"login": ada.handle, "password": PASSWORD}})
    given = {"challenge": asked["signIn"]["challenge"], "code": confirmed["recoveryCodes"][0]}
    assert (await api.mutate("completeSignIn", **given))["code"] == "NOT_SIGNED_IN"
    assert await left(db, ada) == []


async def test_of_many_sign_ins_at_once_none_outlives_it(db: Database, api: Api, ada: Person):
    signing_in = [asyncio.create_task(by_api(api, ada)) for _ in range(20)]
    await asyncio.wait(signing_in, return_when=asyncio.FIRST_COMPLETED)
    await reset(db, ada)
    await asyncio.gather(*signing_in)
    assert await left(db, ada) == []


async def a_sign_in(tx: Transaction, viewer: Viewer) -> None:
    await sessions.begin(tx, Known(viewer.key, 0))


async def a_browsers_sign_in(tx: Transaction, viewer: Viewer) -> None:
    await sessions.begin_in_browser(tx, Known(viewer.key, 0), HERE, instead_of=viewer.session_id)


async def a_personal_token(tx: Transaction, viewer: Viewer) -> None:
    about = {"scopes": ["posts:read"], "expires_at": None, "secret_hash": viewer.key.to_bytes(32, "big")}
    await access.make_token(tx, viewer, HERE, name="CI", **about)


@pytest.mark.parametrize("begin", [a_sign_in, a_browsers_sign_in, a_personal_token])
async def test_it_waits_for_what_lets_somebody_in_and_ends_that_too(db: Database, ada: Person, begin):
    async with db.write() as tx:
        await begin(tx, unaware(ada))
        resetting = asyncio.create_task(reset(db, ada))
        await asyncio.sleep(0.1)
        assert not resetting.done()
    await resetting
    assert await left(db, ada) == []
    with pytest.raises(NotSignedIn):
        async with db.write() as tx:
            await begin(tx, unaware(ada))


async def test_who_was_about_to_change_what_lets_in_is_too_late(db: Database, ada: Person, rows: Rows):
    app = pyotp.TOTP(await totp.begin(db, unaware(ada)))
    await reset(db, ada)
    before = await rows()
    with pytest.raises(NotSignedIn):
        await resets.change(db, unaware(ada), "yet another's hash", HERE, instead_of=0)
    with pytest.raises(NotSignedIn):
        await addresses.change(db, unaware(ada), "eve@example.org", HERE)
    with pytest.raises(NotSignedIn):
        await totp.confirm(db, unaware(ada), app.now(), HERE)
    assert await rows() == before


async def test_of_what_somebody_does_at_once_nothing_waits_for_the_other(db: Database, ada: Person):
    async with db.write() as tx:
        made = [links.make(tx, Purpose.CHANGE_EMAIL, ada.number, f"{n}@{ada.handle}.example") for n in range(4)]
    using = [addresses.use(db, link.partition("token=")[2], HERE) for link in made]
    used = await asyncio.gather(*using, return_exceptions=True)
    assert sorted(type(each).__name__ for each in used) == ["InvalidInput"] * 3 + ["int"]
    change = resets.change(db, unaware(ada), "another", HERE, instead_of=0)
    _, changed = await asyncio.gather(reset(db, ada), change, return_exceptions=True)
    assert isinstance(changed, NotSignedIn | None)


async def test_it_waits_for_a_passkey_that_is_being_added_and_not_the_other_way_round(db: Database, ada: Person):
    async with db.write() as tx:
        asked = challenges.make(tx, challenges.Purpose.PASSKEY_ADD, ada.number)
    async with db.write() as tx:
        assert await challenges.take(tx, asked, challenges.Purpose.PASSKEY_ADD)
        resetting = asyncio.create_task(reset(db, ada))
        await asyncio.sleep(0.1)
        await ways_in.hold(tx, ada.number)
        assert not resetting.done()
    await resetting


@pytest.mark.parametrize("end", [reset, undo])
async def test_what_was_allowed_an_app_that_has_not_fetched_it_is_void(db: Database, api: Api, ada: Person, end):
    app = await App.make(db, api.http)
    code = (await app.ask(ada))["code"]
    await end(db, ada)
    assert (await app.redeem(code)).json()["error"] == "invalid_grant"
    assert (await app.ask(ada))["error"] == "login_required"
    assert await left(db, ada) == []
