"""Signing up, in, on and out: one answer for whatever was wrong, and nothing half done."""

import asyncio
import math
import time
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from auth import passwords
from core.database import Database
from core.errors import Unavailable
from tests.api import PASSWORD, Api, Person, Rows
from tests.factories import sql
from tests.mail import Post

BIRDS = "🦜🐦🦉🦆🦢🐧🦅🐓"
LONG = PASSWORD * 20
SESSION = "session { accessToken refreshToken expiresIn viewer { id handle } }"


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.sign_up()


@pytest.fixture
def costly(dear: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed as in production."""
    monkeypatch.setattr(passwords, "_hasher", dear)
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._nobodys_hash.cache_clear()


def account(handle: str, /, **changed: str) -> dict:
    return {"handle": handle, "name": "A", "email": f"{handle}@example.org", "password": PASSWORD} | changed


async def test_one_signs_in_by_handle_or_confirmed_address_in_any_case(api: Api, ada: Person, db: Database):
    token = await Post(db).token(f"{ada.handle}@example.org", "verify_email")
    assert (await api.mutate("verifyEmail", token=token))["__typename"] == "VerifyEmailSuccess"
    for login in (ada.handle, ada.handle.upper(), f" {ada.handle}@EXAMPLE.org "):
        result = await api.mutate("signIn", select=SESSION, login=login, password=PASSWORD)
        assert result["session"]["viewer"] == {"id": ada.id, "handle": ada.handle}
        assert result["session"]["expiresIn"] == 900


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(api: Api, ada: Person, rows: Rows):
    before = await rows()
    answers = [
        await api.mutate("signIn", login=login, password=password)
        for login, password in [
            (ada.handle, "wrong horse"),
            (f"{ada.handle}@example.org", "wrong horse"),
            (ada.handle, PASSWORD + " "),
            (ada.handle, ""),
            (ada.handle, "x" * 100_000),
            ("nobody_at_all", PASSWORD),
            ("nobody@example.org", PASSWORD),
            ("", PASSWORD),
            ("\0", PASSWORD),
            ("%", PASSWORD),
            ("x" * 100_000, PASSWORD),
        ]
    ]
    assert answers[0]["code"] == "NOT_SIGNED_IN"
    assert all(answer == answers[0] for answer in answers)
    after = await rows()
    assert after.pop("security_events") == before.pop("security_events") + len(answers), "the same work for all"
    assert after == before


@pytest.mark.usefixtures("costly")
async def test_unknown_users_take_as_long_as_wrong_passwords(api: Api, ada: Person):
    async def seconds(login: str) -> float:
        started = time.perf_counter()
        await api.mutate("signIn", login=login, password="wrong horse")
        return time.perf_counter() - started

    await seconds("warm_up")
    wrong = unknown = math.inf  # the least is what the work takes; the rest is the machine's
    for attempt in range(120):
        wrong, unknown = min(wrong, await seconds(ada.handle)), min(unknown, await seconds("nobody_at_all"))
        if attempt > 10 and 0.7 < unknown / wrong < 1.4:
            break
    assert 0.7 < unknown / wrong < 1.4, (wrong, unknown)
    assert unknown > 0.005, "no work was done"


@pytest.mark.parametrize("taken", [str, str.upper, " {} ".format])
async def test_a_handle_is_taken_in_any_case(api: Api, ada: Person, rows: Rows, taken):
    before = await rows()
    result = await api.mutate("signUp", **account("not_taken_yet", handle=taken(ada.handle)))
    assert result["code"] == "INVALID_INPUT"
    assert result["fields"] == [{"path": ["input", "handle"], "message": "This is taken already."}]
    assert await rows() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("handle", value)
            for value in ("", " ", "a", "a" * 31, "a b", "ädä", "a-b", "ａｄａ", "а_cyrillic", "ada\n\n.")
        ),
        *(("name", value) for value in ("", "   ", "\u200b\u200d\ufeff", "x" * 101, "two\nlines")),
        *(("email", value) for value in ("", "ada", "@example.org", "ada@", "ada@localhost", "a b@c.de", "a@b@c.de")),
        ("email", "x" * 250 + "@a.de"),
        *(("password", value) for value in ("", "seven77", "x" * 257, "x" * 100_000, "pass\tword", "e\u0301" * 7)),
    ],
)
async def test_signing_up_with_what_cannot_be_is_refused(api: Api, rows: Rows, field: str, value: str):
    before = await rows()
    result = await api.mutate("signUp", **account("somebody_new", **{field: value}))
    assert result["code"] == "INVALID_INPUT"
    assert [problem["path"] for problem in result["fields"]] == [["input", field]]
    assert await rows() == before


async def test_a_password_is_the_same_from_every_keyboard(api: Api):
    handle = "keyboards"
    await api.mutate("signUp", **account(handle, password="cafe\u0301 au\u00a0lait"))
    signed_in = await api.mutate("signIn", select=SESSION, login=handle, password="caf\u00e9 au lait")
    assert signed_in["__typename"] == "SignInSuccess"


async def test_a_password_of_any_script_counts_characters(api: Api):
    await api.mutate("signUp", **account("emoji_fan", password=BIRDS))
    assert (await api.mutate("signIn", login="emoji_fan", password=BIRDS))["__typename"] == "SignInSuccess"
    assert (await api.mutate("signIn", login="emoji_fan", password=BIRDS + "🦜"))["code"] == "NOT_SIGNED_IN"


async def test_longer_than_the_longest_password_is_another_password(api: Api):
    await api.mutate("signUp", **account("long_one", password=LONG[:256]))
    assert (await api.mutate("signIn", login="long_one", password=LONG[:257]))["code"] == "NOT_SIGNED_IN"


async def test_signing_up_twice_at_once_makes_one_person(api: Api, rows: Rows):
    before = await rows()
    results = await asyncio.gather(*(api.mutate("signUp", **account("twins")) for _ in range(4)))
    assert sorted(result["__typename"] for result in results) == [*["InvalidInput"] * 3, "SignUpSuccess"]
    after = await rows()
    assert (after["users"], after["accounts"]) == (before["users"] + 1, before["accounts"] + 1)


@pytest.mark.usefixtures("costly")
async def test_too_many_sign_ins_at_once_are_turned_away(api: Api, ada: Person, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passwords, "QUEUE", 2)
    attempts = [api.post(SIGN_IN, {"input": {"login": ada.handle, "password": "wrong horse"}}) for _ in range(12)]
    answers = await asyncio.gather(*attempts)
    turned_away = [answer for answer in answers if answer.status_code == 503]
    assert 0 < len(turned_away) < 12
    for answer in turned_away:
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    monkeypatch.undo()
    assert await passwords.verify(None, "anything") is False, "the queue is empty again"


@pytest.mark.usefixtures("costly")
async def test_two_hundred_sign_ins_at_once_keep_no_reader_waiting(api: Api, ada: Person):
    began = time.perf_counter()
    signing_in = [
        asyncio.create_task(api.post(SIGN_IN, {"input": {"login": ada.handle, "password": "wrong horse"}}))
        for _ in range(200)
    ]
    waits = []
    while not all(task.done() for task in signing_in):
        started = time.perf_counter()
        await api("{ latest(first: 1) { nodes { id } } }", ada)
        waits.append(time.perf_counter() - started)
        await asyncio.sleep(0.005)
    statuses = [task.result().status_code for task in signing_in]
    assert statuses.count(503) + statuses.count(200) == 200
    assert statuses.count(503) > 100, "few more than the queue holds are answered"
    assert len(waits) > 10
    one = (time.perf_counter() - began) / statuses.count(200)  # 25 ms on an idle machine
    assert sorted(waits)[len(waits) // 2] < 2 * one, "half of the reads wait for next to nothing"
    assert max(waits[2:]) < 20 * one, "those who come with the crowd wait until it is in the queue"


async def test_a_password_is_hashed_anew_when_the_parameters_have_changed(
    api: Api, db: Database, ada: Person, monkeypatch: pytest.MonkeyPatch
):
    async def kept() -> str:
        [row] = await sql(db, "select password_hash from accounts where user_id = :id", id=ada.number)
        return row.password_hash

    before = await kept()
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=3, memory_cost=8 * 1024, parallelism=1))
    assert (await api.mutate("signIn", login=ada.handle, password="wrong horse"))["code"] == "NOT_SIGNED_IN"
    assert await kept() == before
    for _ in range(2):
        assert (await api.mutate("signIn", login=ada.handle, password=PASSWORD))["__typename"] == "SignInSuccess"
    after = await kept()
    assert "m=8192,t=3" in after
    assert after != before


@pytest.mark.usefixtures("costly")
async def test_a_password_costs_what_owasp_asks_for_at_least():
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in await passwords.hash_password(PASSWORD)


async def test_hashing_waits_in_a_bounded_queue(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passwords, "QUEUE", 0)
    with pytest.raises(Unavailable):
        await passwords.hash_password(PASSWORD)


SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }"
