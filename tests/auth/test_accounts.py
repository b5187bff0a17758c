"""An account's life: its address is shown to be the person's, its password found again, and no address told of."""

import asyncio
import time

import pytest

from core.database import Database
from core.line import Line
from core.settings import settings
from tests.api import PASSWORD, Api, Person, Rows, Work
from tests.factories import age, sql, take_password
from tests.mail import Post

NEW = "staple of a battery horse"
MINE = "{ viewer { account { email emailVerified } } }"


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.sign_up()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of transactions, in their order."""
    texts: list[str] = []
    run = Line.run

    async def noted(self, batch):
        texts.extend(compiled.sql for compiled, _ in batch if "outbox" not in compiled.sql)
        return await run(self, batch)

    monkeypatch.setattr(Line, "run", noted)
    return texts


@pytest.fixture
def post(db: Database) -> Post:
    return Post(db)


def address(person: Person) -> str:
    return f"{person.handle}@example.org"


async def verify(api: Api, post: Post, person: Person) -> None:
    done = await api.mutate("verifyEmail", token=await post.token(address(person), "verify_email"))
    assert done["__typename"] == "VerifyEmailSuccess"


async def is_signed_in(api: Api, person: Person) -> bool:
    return (await api.post(MINE, viewer=person)).status_code == 200


async def signs_in(api: Api, login: str, password: str) -> bool:
    return (await api.mutate("signIn", login=login, password=password))["__typename"] == "SignInSuccess"


async def reset_token(api: Api, post: Post, work: Work, email: str) -> str:
    asked = await api.mutate("requestPasswordReset", select="requested", email=email)
    assert asked["__typename"] == "RequestPasswordResetSuccess"
    await work()
    return await post.token(email, "reset_password")


async def kinds(db: Database, person: Person) -> list[str]:
    recorded = await sql(db, "select kind from security_events where user_id = :id order by id", id=person.number)
    return [row.kind for row in recorded]


async def test_an_address_is_the_persons_once_a_link_that_was_sent_there_is_used(api: Api, ada: Person, post: Post, db):
    assert (await api(MINE, ada))["viewer"]["account"] == {"email": address(ada), "emailVerified": False}
    assert not await signs_in(api, address(ada), PASSWORD)
    await verify(api, post, ada)
    assert (await api(MINE, ada))["viewer"]["account"] == {"email": address(ada), "emailVerified": True}
    assert await signs_in(api, address(ada), PASSWORD)
    assert "EMAIL_VERIFIED" in await kinds(db, ada)


async def test_nobody_else_sees_an_account(api: Api, ada: Person):
    other, query = await api.sign_up(), "query ($handle: String!) { user(handle: $handle) { account { email } } }"
    for viewer in (other, None):
        assert (await api(query, viewer, handle=ada.handle))["user"]["account"] is None
    assert (await api(query, ada, handle=ada.handle))["user"]["account"] == {"email": address(ada)}


async def test_a_link_is_good_once_and_for_what_it_is_for(api: Api, ada: Person, post: Post, work: Work, rows: Rows):
    token = await post.token(address(ada), "verify_email")
    before = await rows()
    for name, more in [("resetPassword", {"password": NEW}), ("verifyEmail", {})]:
        wrong = await api.mutate(name, token=token + "x", **more)
        assert wrong["fields"][0]["path"] == ["input", "token"]
    assert (await api.mutate("resetPassword", token=token, password=NEW))["code"] == "INVALID_INPUT"
    assert await rows() == before
    results = await asyncio.gather(*(api.mutate("verifyEmail", token=token) for _ in range(20)))
    assert [result["__typename"] for result in results].count("VerifyEmailSuccess") == 1
    reset = await reset_token(api, post, work, address(ada))
    assert (await api.mutate("verifyEmail", token=reset))["code"] == "INVALID_INPUT"


async def test_a_link_is_good_for_a_while(api: Api, ada: Person, post: Post, db: Database):
    token = await post.token(address(ada), "verify_email")
    await sql(db, "update account_links set expires_at = now() where user_id = :id", id=ada.number)
    assert (await api.mutate("verifyEmail", token=token))["code"] == "INVALID_INPUT"


async def test_no_link_can_be_made_out_from_the_database(api: Api, ada: Person, post: Post, db: Database):
    token = await post.token(address(ada), "verify_email")
    tables = "account_links", "letters", "procrastinate_jobs", "security_events", "outbox"
    for statement in map("select coalesce(json_agg(t)::text, '') from {} t".format, tables):
        [[kept]] = await sql(db, statement)
        assert token not in kept


async def test_signing_up_with_somebodys_address_looks_like_any_other(api: Api, ada: Person, post: Post, db: Database):
    await verify(api, post, ada)
    before = len(await post.to(address(ada)))
    taken, free = [
        await api.mutate(
            "signUp", select="session { expiresIn }", handle=handle, name="B", email=email, password=PASSWORD
        )
        for handle, email in [("claims_it", address(ada).upper()), ("has_own", "has_own@example.org")]
    ]
    assert taken == free
    assert await signs_in(api, "claims_it", PASSWORD)
    assert not await signs_in(api, "has_own@example.org", PASSWORD), "else whose sign-in fails has a known address"
    assert not await signs_in(api, address(ada).upper(), PASSWORD + "x")
    [letter] = [each for each in await post.to(address(ada).upper()) if each.template == "address_taken"]
    assert letter.values == {"handle": ada.handle}
    assert len(await post.to(address(ada))) == before
    assert await signs_in(api, address(ada), PASSWORD), "the address is still ada's"


async def test_signing_up_takes_as_many_statements_for_a_known_address(api: Api, ada: Person, post: Post, written):
    await verify(api, post, ada)
    counts = []
    for handle, email in [("knows_her", address(ada)), ("knows_none", "knows_none@example.org")]:
        written.clear()
        await api.mutate("signUp", handle=handle, name="B", email=email, password=PASSWORD)
        counts.append(list(written))
    assert counts[0] == counts[1]
    assert len(counts[0]) > 5


async def test_asking_again_sends_another_letter_and_only_while_there_is_need(api: Api, ada: Person, post: Post):
    sent = await api.mutate_bare("resendVerification", ada)
    assert sent["__typename"] == "ResendVerificationSuccess"
    assert [each.template for each in await post.to(address(ada))] == ["verify_email"] * 2
    await verify(api, post, ada)
    assert (await api.mutate_bare("resendVerification", ada))["code"] == "INVALID_INPUT"
    assert (await api.mutate_bare("resendVerification", None))["code"] == "NOT_SIGNED_IN"


async def test_a_forgotten_password_is_replaced_and_everybody_signed_out(
    api: Api, ada: Person, post: Post, work: Work, db: Database
):
    await verify(api, post, ada)
    token = await reset_token(api, post, work, address(ada))
    for weak in ("short", "password123", ada.handle, "starlingstarling"):
        refused = await api.mutate("resetPassword", token=token, password=weak)
        assert refused["fields"][0]["path"] == ["input", "password"]
    assert await is_signed_in(api, ada)
    assert (await api.mutate("resetPassword", token=token, password=NEW))["__typename"] == "ResetPasswordSuccess"
    await until_signed_out(api, ada)
    assert (await api.mutate("refreshSession", refreshToken=ada.refresh_token))["code"] == "NOT_SIGNED_IN"
    assert not await signs_in(api, ada.handle, PASSWORD)
    assert await signs_in(api, ada.handle, NEW)
    assert (await post.to(address(ada)))[-1].template == "password_changed"
    assert {"PASSWORD_RESET_ASKED", "SESSION_ENDED", "PASSWORD_CHANGED"} <= set(await kinds(db, ada))


async def until_signed_out(api: Api, person: Person) -> None:
    deadline = time.monotonic() + 5
    while await is_signed_in(api, person):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_asking_for_a_password_tells_nothing_of_an_address(
    api: Api, ada: Person, post: Post, work: Work, written
):
    bob = await api.sign_up()
    await verify(api, post, ada)
    answers, statements = [], []
    for email in (address(ada), address(bob), "nobody@example.org"):
        written.clear()
        answers.append(await api.mutate("requestPasswordReset", select="requested", email=email))
        statements.append(list(written))
    assert answers == [answers[0]] * 3
    assert statements == [statements[0]] * 3
    await work()
    assert "reset_password" in [each.template for each in await post.to(address(ada))]
    assert "reset_password" not in [each.template for each in await post.to(address(bob))], "it isn't shown to be his"
    assert await post.to("nobody@example.org") == []


async def test_a_password_is_changed_by_the_current_one_and_other_sign_ins_end(
    api: Api, ada: Person, post: Post, db: Database
):
    await verify(api, post, ada)
    session = "session { accessToken refreshToken }"
    other = (await api.mutate("signIn", select=session, login=ada.handle, password=PASSWORD))["session"]
    elsewhere = Person(ada.id, ada.handle, other["accessToken"], other["refreshToken"])
    wrong = await api.mutate("changePassword", ada, currentPassword="wrong", newPassword=NEW)
    assert wrong["fields"] == [{"path": ["input", "currentPassword"], "message": "This isn't your password."}]
    weak = await api.mutate("changePassword", ada, currentPassword=PASSWORD, newPassword="qwertyuiop")
    assert weak["fields"][0]["path"] == ["input", "newPassword"]
    assert await is_signed_in(api, elsewhere)
    done = await api.mutate("changePassword", ada, currentPassword=PASSWORD, newPassword=NEW)
    assert done["__typename"] == "ChangePasswordSuccess"
    await until_signed_out(api, elsewhere)
    assert await is_signed_in(api, ada)
    assert await signs_in(api, ada.handle, NEW)
    assert (await post.to(address(ada)))[-1].template == "password_changed"
    assert (await api.mutate("changePassword", None, currentPassword=NEW, newPassword=NEW))["code"] == "NOT_SIGNED_IN"


async def test_an_address_is_changed_by_the_new_one_and_taken_back_by_the_old(
    api: Api, ada: Person, post: Post, db: Database
):
    await verify(api, post, ada)
    new = f"new_{ada.handle}@example.org"
    for wrong in ({"password": "wrong"}, {"password": ""}, {}):
        assert (await api.mutate("changeEmail", ada, email=new, **wrong))["code"] == "INVALID_INPUT"
    asked = await api.mutate("changeEmail", ada, email=new, password=PASSWORD)
    assert asked["__typename"] == "ChangeEmailSuccess"
    assert (await api(MINE, ada))["viewer"]["account"]["email"] == address(ada)
    await api.mutate("verifyEmail", token=await post.token(new, "confirm_new_email"))
    assert (await api(MINE, ada))["viewer"]["account"] == {"email": new, "emailVerified": True}

    undo = await post.token(address(ada), "email_changed")
    assert (await api.mutate("verifyEmail", token=undo))["__typename"] == "VerifyEmailSuccess"
    await until_signed_out(api, ada)
    assert await signs_in(api, address(ada), PASSWORD)
    assert not await signs_in(api, new, PASSWORD)
    token = await post.token(address(ada), "reset_password")
    assert (await api.mutate("resetPassword", token=token, password=NEW))["__typename"] == "ResetPasswordSuccess"
    assert {"EMAIL_CHANGE_ASKED", "EMAIL_CHANGED"} <= set(await kinds(db, ada))


async def test_a_link_of_before_is_void_once_the_password_or_the_address_is_another(
    api: Api, ada: Person, post: Post, work: Work
):
    await verify(api, post, ada)
    theirs, new = f"thief_{ada.handle}@example.org", f"new_{ada.handle}@example.org"
    await api.mutate("changeEmail", ada, email=theirs, password=PASSWORD)
    await api.mutate("changePassword", ada, currentPassword=PASSWORD, newPassword=NEW)
    link = await post.token(theirs, "confirm_new_email")
    assert (await api.mutate("verifyEmail", token=link))["code"] == "INVALID_INPUT"

    await api.mutate("requestPasswordReset", email=address(ada))
    await work()
    link = await post.token(address(ada), "reset_password")
    await api.mutate("changeEmail", ada, email=new, password=NEW)
    await api.mutate("verifyEmail", token=await post.token(new, "confirm_new_email"))
    assert (await api.mutate("resetPassword", token=link, password=PASSWORD))["code"] == "INVALID_INPUT"
    assert await signs_in(api, new, NEW)


async def test_who_has_no_password_changes_an_address_by_having_just_signed_in(
    api: Api, ada: Person, db: Database, rows
):
    await take_password(db, ada)
    new = f"new_{ada.handle}@example.org"
    assert (await api.mutate("changeEmail", ada, email=new))["__typename"] == "ChangeEmailSuccess"
    await age(db, ada)
    before = await rows()
    refused = await api.mutate("changeEmail", ada, email=new)
    assert refused["fields"][0]["path"] == ["input", "password"]
    assert await rows() == before


async def test_who_changed_an_address_twice_cannot_keep_its_owner_from_taking_it_back(
    api: Api, ada: Person, post: Post
):
    await verify(api, post, ada)
    for i in (1, 2):
        email = f"thief_{i}_{ada.handle}@example.org"
        await api.mutate("changeEmail", ada, email=email, password=PASSWORD)
        await api.mutate("verifyEmail", token=await post.token(email, "confirm_new_email"))
    theirs = await post.token(f"thief_1_{ada.handle}@example.org", "email_changed")
    assert (await api.mutate("verifyEmail", token=theirs))["__typename"] == "VerifyEmailSuccess"
    ours = await post.token(address(ada), "email_changed")
    assert (await api.mutate("verifyEmail", token=ours))["__typename"] == "VerifyEmailSuccess"
    assert await signs_in(api, address(ada), PASSWORD)


async def test_asking_for_somebodys_address_tells_only_them(api: Api, ada: Person, post: Post):
    bob = await api.sign_up()
    await verify(api, post, ada)
    answers = [
        await api.mutate("changeEmail", bob, "requested", email=email, password=PASSWORD)
        for email in (address(ada), "free_for_bob@example.org")
    ]
    assert answers[0] == answers[1]
    assert (await post.to(address(ada)))[-1].template == "address_taken"


async def test_an_unconfirmed_sign_up_keeps_nobody_from_an_address(api: Api, post: Post):
    squatter = await api.mutate("signUp", handle="squatter", name="S", email="hers@example.org", password=PASSWORD)
    assert squatter["__typename"] == "SignUpSuccess"
    await api.mutate("signUp", handle="rightful", name="R", email="hers@example.org", password=NEW)
    letters = [each for each in await post.to("hers@example.org") if each.template == "verify_email"]
    assert [letter.values["handle"] for letter in letters] == ["squatter", "rightful"]
    await api.mutate("verifyEmail", token=letters[1].values["link"].partition("token=")[2])
    assert await signs_in(api, "hers@example.org", NEW)
    late = await api.mutate("verifyEmail", token=letters[0].values["link"].partition("token=")[2])
    assert late["fields"] == [{"path": ["input", "token"], "message": "Another account has this address already."}]


@pytest.mark.parametrize(
    "weak",
    [
        "password1",
        "12345678",
        "qwertyuiop",
        "sunshine1",
        "P@ssw0rd!",
        "aaaaaaaa",
        "abcdefgh",
        "starling1",
        "somebody_weak",
    ],
)
async def test_what_others_would_try_first_is_no_password(api: Api, rows: Rows, weak: str):
    before = await rows()
    person = {"handle": "somebody_weak", "name": "Somebody Weak", "email": "somebody@example.org"}
    refused = await api.mutate("signUp", **person, password=weak)
    assert refused["fields"][0]["path"] == ["input", "password"]
    assert await rows() == before


async def test_the_demo_worlds_password_is_for_signing_in_only(api: Api):
    refused = await api.mutate("signUp", handle="ada_two", name="A", email="a@example.org", password="starling")
    assert "too close to who you are" in refused["fields"][0]["message"]


@pytest.mark.parametrize("good", ["correct horse", "blau macht glücklich", "zwölf Boxkämpfer", "длинный пароль мой"])
async def test_nothing_but_length_and_surprise_is_demanded(api: Api, good: str):
    handle = f"good_{len(good)}_{good[:2].encode().hex()}"
    signed = await api.mutate("signUp", handle=handle, name="G", email=f"{handle}@example.org", password=good)
    assert signed["__typename"] == "SignUpSuccess", signed


async def test_nobody_fills_somebody_elses_mailbox_by_changing_their_own_address(
    app, ada: Person, rows: Rows, monkeypatch
):
    monkeypatch.setattr(settings(), "attempts", 1.0)
    async with Api.of(app) as api:
        for _ in range(3):
            asked = await api.mutate("changeEmail", ada, email="theirs@example.org", password=PASSWORD)
            assert asked["__typename"] == "ChangeEmailSuccess"
        before = await rows()
        again = await api.mutate("changeEmail", ada, email="theirs@example.org", password=PASSWORD)
    assert again["code"] == "RATE_LIMITED"
    assert await rows() == before
