"""Who joins, and what they may change of themselves."""

from typing import Any

import pytest

from core.database import Database
from core.errors import InvalidInput, NotSignedIn
from domain import addresses, events, follows, users
from domain.device import Device
from domain.viewer import Viewer
from models.users import User
from tests import factories
from tests.domain.conftest import Refused, Told, counted
from tests.factories import sql
from tests.mail import Post


async def _register(db: Database, handle: str, email: str) -> User:
    async with db.write() as tx:
        return await users.register(tx, handle=handle, name="Ada", email=email, password_hash="-")


async def test_a_person_comes_with_an_account_that_no_profile_shows(db: Database) -> None:
    user = await _register(db, "joins_once", "Joins@Example.org")
    accounts = await sql(db, "select email, password_hash from accounts where user_id = :id", id=user.id)
    assert [tuple(row) for row in accounts] == [("Joins@Example.org", "-")]
    assert not user.is_private
    assert not {"email", "password_hash"} & set(User.__table__.columns.keys())


async def test_a_taken_handle_is_refused_and_leaves_no_account(db: Database, refused: Refused) -> None:
    await _register(db, "taken_handle", "first@example.org")
    async with refused(InvalidInput, "input", "handle"):
        await _register(db, "taken_handle", "second@example.org")


async def test_an_address_is_one_persons_in_any_case_once_it_is_verified(db: Database, refused: Refused) -> None:
    addresses_ = "Élodie@example.org", "ÉLODIE@EXAMPLE.ORG", "élodie@Example.org"
    for i, address in enumerate(addresses_):
        await _register(db, f"has_address_{i}", address)
    tokens = [await Post(db).token(address, "verify_email") for address in addresses_]
    await addresses.use(db, tokens[1], Device("192.0.2.1"))
    for token in (tokens[0], tokens[2]):
        async with refused(InvalidInput, "input", "token"):
            await addresses.use(db, token, Device("192.0.2.1"))


async def test_only_what_is_given_changes_and_none_clears(db: Database, ada: Viewer, told: Told) -> None:
    async with told() as happened:
        await users.update_profile(db, ada, {"bio": "Countess.", "avatar_url": "https://example.org/a.png"})
        user = await users.update_profile(db, ada, {"name": "Ada L.", "bio": None})
    assert (user.name, user.bio, user.avatar_url) == ("Ada L.", None, "https://example.org/a.png")
    assert happened == []


async def test_no_changes_change_nothing(db: Database, ada: Viewer) -> None:
    before = await sql(db, "select * from users where id = :id", id=ada.key)
    assert (await users.update_profile(db, ada, {})).id == ada.key
    assert await sql(db, "select * from users where id = :id", id=ada.key) == before


async def test_nobody_changes_a_profile_signed_out(db: Database, refused: Refused) -> None:
    async with refused(NotSignedIn):
        await users.update_profile(db, Viewer(), {"name": "Nobody"})


async def test_becoming_private_keeps_followers_and_is_told_once(
    db: Database, ada: Viewer, ben: Viewer, told: Told
) -> None:
    await follows.follow(db, ben, ada.key)
    async with told() as happened:
        for _ in range(2):
            assert (await users.update_profile(db, ada, {"is_private": True})).is_private
    assert happened == [events.MadePrivate(ada.key)]
    assert await counted(db, "user_counters", ada.key) == {"followers": 1}


async def test_who_opens_up_accepts_all_who_asked(db: Database, ada: Viewer, told: Told) -> None:
    await users.update_profile(db, ada, {"is_private": True})
    asking = await factories.users(db, 5)
    await factories.follow(db, asking[:1], [ada.key])
    for each in asking[1:]:
        await follows.follow(db, factories.viewer(each), ada.key)
    async with told() as happened:
        await users.update_profile(db, ada, {"is_private": False})
    assert happened == []
    assert await counted(db, "user_counters", ada.key) == {"followers": 5}
    for each in asking:
        assert await counted(db, "user_counters", each) == {"following": 1}
    assert await sql(db, "select 1 from follow_requests where followee_id = :ada", ada=ada.key) == []


@pytest.mark.parametrize("change", [{"is_private": True}, {"name": "Still private"}])
async def test_who_stays_private_accepts_nobody(db: Database, ada: Viewer, change: dict[str, Any]) -> None:
    await users.update_profile(db, ada, {"is_private": True})
    await factories.request(db, await factories.users(db, 2), [ada.key])
    await users.update_profile(db, ada, change)
    assert len(await sql(db, "select 1 from follow_requests where followee_id = :ada", ada=ada.key)) == 2
