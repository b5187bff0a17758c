"""Authenticator apps and recovery codes: what is asked for after a password, and how it is turned on and off."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pyotp
import pytest
from sqlalchemy import select

from core.database import Database
from core.sealing import unseal
from domain import housekeeping, totp
from models.factors import RecoveryCode, TotpFactor
from tests.api import PASSWORD, Api, Person, Rows
from tests.factories import age, sql
from tests.mail import Post

FACTORS = "{ viewer { account { hasPassword hasTotp recoveryCodesLeft } } }"
SESSION = "session { accessToken viewer { id } }"


class App:
    """An authenticator app."""

    def __init__(self, secret: str) -> None:
        self.totp = pyotp.TOTP(secret)

    def code(self, steps: int = 0) -> str:
        """What it shows, so many steps from now."""
        return self.totp.at(datetime.now(UTC), counter_offset=steps)

    def wrong(self) -> str:
        """What it doesn't show about now."""
        right = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in ("123456", "654321", "111111") if code not in right)


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.sign_up()


async def turn_on(api: Api, person: Person) -> tuple[App, list[str]]:
    """An app that is asked for, whose codes are all still good, and its recovery codes."""
    begun = await api.mutate("beginTotp", person, "totp { secret uri qrSvg }", password=PASSWORD)
    app = App(begun["totp"]["secret"])
    done = await api.mutate("confirmTotp", person, "recoveryCodes", code=app.code(-1))
    return app, done["recoveryCodes"]


async def challenged(api: Api, person: Person) -> str:
    query = """mutation ($input: SignInInput!) { signIn(input: $input) {
        __typename ... on Error { code } ... on SecondFactorRequired { challenge } } }"""
    refused = (await api(query, input={"login": person.handle, "password": PASSWORD}))["signIn"]
    assert (refused["__typename"], refused["code"]) == ("SecondFactorRequired", "SECOND_FACTOR_REQUIRED")
    return refused["challenge"]


async def complete(api: Api, challenge: str, code: str) -> str:
    return (await api.mutate("completeSignIn", select=SESSION, challenge=challenge, code=code))["__typename"]


async def kinds(db: Database, person: Person) -> list[str]:
    recorded = await sql(db, "select kind from security_events where user_id = :id order by id", id=person.number)
    return [row.kind for row in recorded]


async def test_an_app_is_told_its_secret_as_text_link_and_picture(api: Api, ada: Person):
    begun = await api.mutate("beginTotp", ada, "totp { secret uri qrSvg }", password=PASSWORD)
    link = urlsplit(begun["totp"]["uri"])
    assert (link.scheme, link.netloc, link.path) == ("otpauth", "totp", f"/Starling:{ada.handle}")
    assert parse_qs(link.query) == {"secret": [begun["totp"]["secret"]], "issuer": ["Starling"]}
    assert len(begun["totp"]["secret"]) == 32
    assert ElementTree.fromstring(begun["totp"]["qrSvg"]).tag.endswith("svg")  # noqa: S314


async def test_an_app_counts_once_it_has_shown_a_code(api: Api, ada: Person, db):
    begun = await api.mutate("beginTotp", ada, "totp { secret }", password=PASSWORD)
    app = App(begun["totp"]["secret"])
    assert (await api.mutate("signIn", login=ada.handle, password=PASSWORD))["__typename"] == "SignInSuccess"
    refused = await api.mutate("confirmTotp", ada, code=app.wrong())
    assert refused["fields"][0]["path"] == ["input", "code"]
    none = {"hasPassword": True, "hasTotp": False, "recoveryCodesLeft": 0}
    assert (await api(FACTORS, ada))["viewer"]["account"] == none
    done = await api.mutate("confirmTotp", ada, "recoveryCodes", code=app.code())
    assert len(set(done["recoveryCodes"])) == 10
    assert (await api(FACTORS, ada))["viewer"]["account"] == none | {"hasTotp": True, "recoveryCodesLeft": 10}
    assert "TOTP_ADDED" in await kinds(db, ada)
    for name, given in [("beginTotp", {"password": PASSWORD}), ("confirmTotp", {"code": app.code(1)})]:
        assert (await api.mutate(name, ada, **given))["__typename"] == "Conflict"


async def test_a_password_alone_signs_nobody_in_who_has_an_app(api: Api, ada: Person, db, rows: Rows):
    app, _ = await turn_on(api, ada)
    before = await rows()
    challenge = await challenged(api, ada)
    assert (await rows())["sessions"] == before["sessions"]
    signed_in = await api.mutate("completeSignIn", select=SESSION, challenge=challenge, code=app.code())
    assert signed_in["session"]["viewer"]["id"] == ada.id
    assert (await kinds(db, ada))[-1] == "SIGNED_IN"
    assert (await rows())["challenges"] == before["challenges"]


async def test_a_code_is_good_once_and_one_step_early_or_late(api: Api, ada: Person):
    app, _ = await turn_on(api, ada)
    challenge = await challenged(api, ada)
    for stale in (app.code(-1), app.code(-2), app.code(3)):
        assert await complete(api, challenge, stale) == "NotSignedIn"
    assert await complete(api, challenge, app.code(1)) == "CompleteSignInSuccess"
    later = await challenged(api, ada)
    for used in (app.code(1), app.code()):
        assert await complete(api, later, used) == "NotSignedIn"


async def test_of_many_who_show_the_same_code_at_once_one_is_let_in(api: Api, ada: Person):
    app, _ = await turn_on(api, ada)
    all_ = [await challenged(api, ada) for _ in range(4)]
    answers = await asyncio.gather(*(complete(api, challenge, app.code()) for challenge in [*all_, all_[0]]))
    assert answers.count("CompleteSignInSuccess") == 1


async def test_a_challenge_is_good_once_for_one_person_and_not_for_long(api: Api, ada: Person, db):
    app, codes = await turn_on(api, ada)
    other = await api.sign_up()
    other_app, _ = await turn_on(api, other)
    challenge = await challenged(api, ada)
    assert await complete(api, challenge, other_app.code()) == "NotSignedIn"
    assert await complete(api, challenge, app.code()) == "CompleteSignInSuccess"
    assert await complete(api, challenge, codes[0]) == "NotSignedIn"
    assert await complete(api, "made up", codes[0]) == "NotSignedIn"
    late = await challenged(api, ada)
    await sql(db, "update challenges set expires_at = now() where user_id = :id returning user_id", id=ada.number)
    assert await complete(api, late, codes[0]) == "NotSignedIn"


async def test_another_password_ends_what_the_one_before_began(api: Api, ada: Person):
    _, codes = await turn_on(api, ada)
    challenge = await challenged(api, ada)
    changed = await api.mutate("changePassword", ada, currentPassword=PASSWORD, newPassword="staple of a battery horse")
    assert changed["__typename"] == "ChangePasswordSuccess"
    assert await complete(api, challenge, codes[0]) == "NotSignedIn"


async def test_five_wrong_codes_end_a_challenge_and_more_have_to_wait(api: Api, ada: Person, db, monkeypatch):
    monkeypatch.setenv("STARLING_ATTEMPTS", "1")
    app, codes = await turn_on(api, ada)
    challenge = await challenged(api, ada)
    answers = [await complete(api, challenge, app.wrong()) for _ in range(5)]
    assert set(answers) == {"NotSignedIn"}
    assert await complete(api, challenge, codes[0]) in ("NotSignedIn", "RateLimited")
    assert (await kinds(db, ada)).count("SIGN_IN_FAILED") == 5


async def test_a_recovery_code_stands_in_for_the_app_once(api: Api, ada: Person, db):
    _, codes = await turn_on(api, ada)
    typed = codes[3].upper().replace("-", " ")
    assert await complete(api, await challenged(api, ada), typed) == "CompleteSignInSuccess"
    assert await complete(api, await challenged(api, ada), codes[3]) == "NotSignedIn"
    assert (await api(FACTORS, ada))["viewer"]["account"]["recoveryCodesLeft"] == 9
    assert "RECOVERY_CODE_USED" in await kinds(db, ada)


async def test_new_recovery_codes_void_the_old_ones(api: Api, ada: Person, db):
    app, old = await turn_on(api, ada)
    new = (await api.mutate("newRecoveryCodes", ada, "recoveryCodes", code=app.code()))["recoveryCodes"]
    assert not set(old) & set(new)
    challenge = await challenged(api, ada)
    assert await complete(api, challenge, old[0]) == "NotSignedIn"
    assert await complete(api, challenge, new[0]) == "CompleteSignInSuccess"
    assert "RECOVERY_CODES_MADE" in await kinds(db, ada)


async def test_without_an_app_there_is_nothing_to_renew_or_turn_off(api: Api, ada: Person):
    for name in ("newRecoveryCodes", "disableTotp"):
        assert (await api.mutate(name, ada, password=PASSWORD))["__typename"] == "Conflict"
        assert (await api.mutate(name, password=PASSWORD))["__typename"] == "NotSignedIn"


@pytest.mark.parametrize("by", ["password", "code", "recovery code"])
async def test_an_app_is_turned_off_by_who_shows_who_it_is(api: Api, ada: Person, db, by: str):
    app, codes = await turn_on(api, ada)
    await age(db, ada)
    proof = {"password": PASSWORD} if by == "password" else {"code": app.code() if by == "code" else codes[0]}
    assert (await api.mutate("disableTotp", ada, "disabled", **proof))["disabled"]
    assert (await api.mutate("signIn", login=ada.handle, password=PASSWORD))["__typename"] == "SignInSuccess"
    assert not await db.read(select(RecoveryCode).where(RecoveryCode.user_id == ada.number))
    assert (await kinds(db, ada))[-2:] == ["TOTP_REMOVED", "SIGNED_IN"]


@pytest.mark.parametrize("proof", [{}, {"password": "wrong password"}, {"code": "wrong"}, {"code": ""}])
@pytest.mark.parametrize("name", ["beginTotp", "disableTotp", "newRecoveryCodes"])
async def test_who_has_a_session_but_no_proof_changes_nothing(api: Api, ada: Person, db, rows: Rows, name, proof):
    await turn_on(api, ada)
    await age(db, ada)
    before = await rows()
    refused = await api.mutate(name, ada, **proof)
    assert refused["__typename"] == "InvalidInput"
    assert refused["fields"][0]["path"][0] == "input"
    assert await rows() == before


async def test_who_signed_in_just_now_is_not_asked_again(api: Api, ada: Person):
    begun = await api.mutate("beginTotp", ada, "totp { secret }")
    assert begun["__typename"] == "BeginTotpSuccess"


async def test_secrets_are_kept_sealed_and_codes_hashed(api: Api, ada: Person, db):
    app, codes = await turn_on(api, ada)
    [factor] = await db.read(select(TotpFactor).where(TotpFactor.user_id == ada.number))
    assert app.totp.secret.encode() not in factor.sealed
    assert unseal(factor.sealed, totp.SEALED_FOR).decode() == app.totp.secret
    kept = await db.read(select(RecoveryCode).where(RecoveryCode.user_id == ada.number))
    assert not {code.encode() for code in codes} & {row.code_hash for row in kept}


async def test_the_owner_of_a_confirmed_address_is_told(api: Api, ada: Person, db):
    post, address = Post(db), f"{ada.handle}@example.org"
    await api.mutate("verifyEmail", token=await post.token(address, "verify_email"))
    await turn_on(api, ada)
    [*_, last] = await post.to(address)
    assert (last.template, last.values["what"]) == ("security_notice", "an authenticator app was added")


async def test_what_has_expired_is_tidied_away(api: Api, ada: Person, db):
    await turn_on(api, ada)
    await challenged(api, ada)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await sql(db, "update challenges set expires_at = :past returning user_id", past=past)
    await housekeeping.tidy(db)
    assert not await sql(db, "select user_id from challenges")
