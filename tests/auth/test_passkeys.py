"""Passkeys: they let their person in by themselves, and nobody else, whatever a browser sends."""

import json

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from auth import ceremonies
from core.settings import settings as config
from models.factors import Passkey
from tests.api import PASSWORD, Api, Person, Rows
from tests.authenticator import PRESENT, VERIFIED, Authenticator, b64
from tests.factories import age, sql, take_password

SESSION = "session { accessToken viewer { id } }"
MINE = "{ viewer { account { hasPassword passkeys { id name isSynced lastUsedAt } } } }"
BEGIN = "mutation { beginPasskeySignIn { ... on BeginPasskeySignInSuccess { options } } }"


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.sign_up()


async def options(api: Api, person: Person) -> str:
    return (await api.mutate("beginPasskey", person, "options", password=PASSWORD))["options"]


async def add(api: Api, person: Person, key: Authenticator, name: str = "My telephone") -> dict:
    made = key.create(await options(api, person))
    return await api.mutate("addPasskey", person, "passkey { id name isSynced }", credential=made, name=name)


async def question(api: Api) -> str:
    return (await api(BEGIN))["beginPasskeySignIn"]["options"]


async def sign_in(api: Api, credential: str) -> dict:
    return await api.mutate("signInWithPasskey", select=SESSION, credential=credential)


async def kinds(db, person: Person) -> list[str]:
    recorded = await sql(db, "select kind from security_events where user_id = :id order by id", id=person.number)
    return [row.kind for row in recorded]


async def test_a_passkey_lets_its_person_in_by_itself(api: Api, ada: Person, db):
    key = Authenticator()
    added = await add(api, ada, key)
    assert (added["passkey"]["name"], added["passkey"]["isSynced"]) == ("My telephone", True)
    signed_in = await sign_in(api, key.get(await question(api)))
    assert signed_in["session"]["viewer"]["id"] == ada.id
    [mine] = (await api(MINE, ada))["viewer"]["account"]["passkeys"]
    assert mine["lastUsedAt"]
    assert (await kinds(db, ada))[-2:] == ["PASSKEY_ADDED", "SIGNED_IN"]


async def test_the_options_ask_for_what_a_passkey_must_be(api: Api, ada: Person):
    key = Authenticator()
    await add(api, ada, key)
    asked = json.loads(await options(api, ada))
    assert asked["rp"] == {"id": "localhost", "name": "Starling"}
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert [each["type"] for each in asked["excludeCredentials"]] == ["public-key"]
    assert ada.id not in json.dumps(asked)
    asked = json.loads(await question(api))
    assert (asked["rpId"], asked["userVerification"]) == ("localhost", "required")
    assert not asked.get("allowCredentials")


@pytest.mark.parametrize(
    "lie",
    [{"origin": "https://starling.example.evil"}, {"host": "evil.example"}, {"flags": PRESENT}, {"flags": VERIFIED}],
    ids=["another origin", "another host", "nobody verified", "nobody there"],
)
async def test_a_passkey_for_somebody_else_is_none(api: Api, ada: Person, db, rows: Rows, lie: dict):
    asked = await options(api, ada)
    before = await rows()
    refused = await api.mutate("addPasskey", ada, credential=Authenticator(**lie).create(asked), name="Key")
    assert refused["fields"][0]["path"] == ["input", "credential"]
    assert await rows() == before
    key = Authenticator()
    await add(api, ada, key)
    before = await rows()
    for name, value in lie.items():
        setattr(key, name, value)
    assert (await sign_in(api, key.get(await question(api))))["__typename"] == "NotSignedIn"
    assert (await rows())["sessions"] == before["sessions"]


async def test_a_challenge_is_good_once_for_one_person_one_purpose_and_not_for_long(api: Api, ada: Person, db):
    other, key = await api.sign_up(), Authenticator()
    asked = await options(api, ada)
    made = key.create(asked)
    assert (await api.mutate("addPasskey", other, credential=made, name="Key"))["__typename"] == "InvalidInput"
    assert (await api.mutate("addPasskey", ada, credential=made, name="Key"))["__typename"] == "AddPasskeySuccess"
    assert (await api.mutate("addPasskey", ada, credential=made, name="Key"))["__typename"] == "InvalidInput"
    assert (await sign_in(api, key.get(await options(api, ada))))["__typename"] == "NotSignedIn"
    used = key.get(await question(api))
    assert (await sign_in(api, used))["__typename"] == "SignInWithPasskeySuccess"
    assert (await sign_in(api, used))["__typename"] == "NotSignedIn"
    late = key.get(await question(api))
    await sql(db, "update challenges set expires_at = now() where purpose = 'PASSKEY_USE' returning purpose")
    assert (await sign_in(api, late))["__typename"] == "NotSignedIn"


async def test_an_unknown_key_and_a_key_with_a_known_name_let_nobody_in(api: Api, ada: Person):
    key = Authenticator()
    await add(api, ada, key)
    for forged in (Authenticator(host="localhost"), Authenticator(host="localhost", id=key.id)):
        assert (await sign_in(api, forged.get(await question(api))))["__typename"] == "NotSignedIn"
    key.user = b"somebody else"
    assert (await sign_in(api, key.get(await question(api))))["__typename"] == "NotSignedIn"


async def test_a_copied_authenticator_is_found_out_by_its_count(api: Api, ada: Person):
    key = Authenticator(count=5)
    await add(api, ada, key)
    key.count = 6
    assert (await sign_in(api, key.get(await question(api))))["__typename"] == "SignInWithPasskeySuccess"
    assert (await sign_in(api, key.get(await question(api))))["__typename"] == "NotSignedIn"


async def test_the_same_passkey_is_nobody_elses(api: Api, ada: Person):
    key, other = Authenticator(), await api.sign_up()
    await add(api, ada, key)
    assert (await add(api, other, key))["__typename"] == "Conflict"


async def test_a_passkey_answers_for_an_app_too(api: Api, ada: Person):
    """Where a password isn't enough, a passkey is."""
    begun = await api.mutate("beginTotp", ada, "totp { secret }", password=PASSWORD)
    await api.mutate("confirmTotp", ada, code=pyotp.TOTP(begun["totp"]["secret"]).now())
    key = Authenticator()
    await add(api, ada, key)
    assert (await api.mutate("signIn", login=ada.handle, password=PASSWORD))["__typename"] == "SecondFactorRequired"
    assert (await sign_in(api, key.get(await question(api))))["__typename"] == "SignInWithPasskeySuccess"


async def test_a_passkey_is_removed_but_not_the_last_way_in(api: Api, ada: Person, db, rows: Rows):
    key = Authenticator()
    first = (await add(api, ada, key))["passkey"]["id"]
    await take_password(db, ada)
    before = await rows()
    assert (await api.mutate("removePasskey", ada, passkeyId=first))["__typename"] == "Conflict"
    assert await rows() == before
    second = Authenticator()
    made = second.create((await api.mutate("beginPasskey", ada, "options"))["options"])
    await api.mutate("addPasskey", ada, credential=made, name="Another")
    assert (await api.mutate("removePasskey", ada, "deletedId", passkeyId=first))["deletedId"] == first
    assert (await sign_in(api, key.get(await question(api))))["__typename"] == "NotSignedIn"
    assert (await sign_in(api, second.get(await question(api))))["__typename"] == "SignInWithPasskeySuccess"
    assert "PASSKEY_REMOVED" in await kinds(db, ada)
    assert not (await api(MINE, ada))["viewer"]["account"]["hasPassword"]


async def test_nobody_removes_or_sees_anybody_elses_passkey(api: Api, ada: Person, rows: Rows):
    other = await api.sign_up()
    theirs = (await add(api, ada, Authenticator()))["passkey"]["id"]
    before = await rows()
    assert (await api.mutate("removePasskey", other, passkeyId=theirs, password=PASSWORD))["__typename"] == "NotFound"
    assert await rows() == before
    query = "query ($handle: String!) { user(handle: $handle) { account { passkeys { id } } } }"
    assert (await api(query, other, handle=ada.handle))["user"]["account"] is None


async def test_a_passkey_is_called_otherwise_by_its_person_alone(api: Api, ada: Person, rows: Rows):
    mine, other = (await add(api, ada, Authenticator()))["passkey"]["id"], await api.sign_up()
    before = await rows()
    renamed = await api.mutate("renamePasskey", ada, "passkey { id name }", passkeyId=mine, name=" My key ")
    assert renamed["passkey"] == {"id": mine, "name": "My key"}
    assert (await api.mutate("renamePasskey", ada, passkeyId=mine, name="x" * 101))["__typename"] == "InvalidInput"
    assert (await api.mutate("renamePasskey", other, passkeyId=mine, name="Mine"))["__typename"] == "NotFound"
    assert [key["name"] for key in (await api(MINE, ada))["viewer"]["account"]["passkeys"]] == ["My key"]
    assert await rows() == before


async def test_who_has_a_session_but_no_proof_neither_adds_nor_removes(api: Api, ada: Person, db, rows: Rows):
    added = (await add(api, ada, Authenticator()))["passkey"]["id"]
    await age(db, ada)
    before = await rows()
    for name, more in (("beginPasskey", {}), ("removePasskey", {"passkeyId": added})):
        for proof in ({}, {"password": "wrong password"}):
            assert (await api.mutate(name, ada, **more, **proof))["__typename"] == "InvalidInput"
    assert await rows() == before


async def test_a_person_has_at_most_twenty(api: Api, ada: Person, db):
    await add(api, ada, Authenticator())
    [one] = await db.read(select(Passkey).where(Passkey.user_id == ada.number))
    copy = """insert into passkeys (user_id, credential_id, public_key, sign_count, transports, name, is_synced)
        select user_id, credential_id || convert_to(n::text, 'utf8'), public_key, 0, transports, name, is_synced
        from passkeys, generate_series(2, 20) n where id = :id returning id"""
    await sql(db, copy, id=one.id)
    assert (await add(api, ada, Authenticator()))["__typename"] == "Conflict"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda c: st.lists(c, max_size=3))
ASKED = json.dumps({"rp": {"id": "localhost"}, "user": {"id": "AAAAAAAAAAE"}, "challenge": "aGk"})


async def test_who_sends_one_bad_passkey_after_the_other_waits_and_nobody_else_does(
    app, api: Api, ada: Person, monkeypatch: pytest.MonkeyPatch
):
    key = Authenticator()
    await add(api, ada, key)
    monkeypatch.setattr(config(), "attempts", 0.1)
    async with Api.of(app) as stranger, Api.of(app) as elsewhere:
        answers = [(await sign_in(stranger, Authenticator().get(await question(stranger))))["code"] for _ in range(6)]
        assert answers == ["NOT_SIGNED_IN"] * 5 + ["RATE_LIMITED"]
        assert (await sign_in(stranger, key.get(await question(stranger))))["code"] == "RATE_LIMITED"
        assert "session" in await sign_in(elsewhere, key.get(await question(elsewhere)))
        refused = [await elsewhere.mutate("addPasskey", ada, credential="{}", name="Mine") for _ in range(2)]
    assert [each["code"] for each in refused] == ["INVALID_INPUT", "RATE_LIMITED"]


def changed(data: st.DataObject, credential: str) -> str:
    """A credential with one part replaced."""
    sent = json.loads(credential)
    part = data.draw(st.sampled_from([sent, sent["response"]]))
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(JSON | st.binary(max_size=200).map(b64))
    return json.dumps(sent)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_makes_no_passkey_but_a_refusal(data):
    credential = changed(data, Authenticator().create(ASKED))
    with pytest.raises(ValueError, match="no browser's answer"):
        ceremonies.check_created(ceremonies.created(credential), "hello")


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_lets_nobody_in(data):
    credential = changed(data, Authenticator(host="localhost").get(ASKED))
    with pytest.raises(ValueError, match="no browser's answer"):
        ceremonies.check_got(ceremonies.got(credential), "hello", Passkey(public_key=b"", sign_count=0))


@pytest.mark.parametrize(
    "read", [ceremonies.created, ceremonies.got, lambda deep: ceremonies.challenge_of(deep.encode())]
)
def test_what_is_nested_without_end_is_no_browsers_answer(read):
    with pytest.raises(ValueError, match="no browser's answer"):
        read("[" * 60_000)
