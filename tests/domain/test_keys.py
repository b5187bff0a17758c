"""Signing keys: one is made however many ask, and a rotation leaves no moment in which a good token isn't verified."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from sqlalchemy import delete, func, select, update

from auth import tokens
from auth.keys import KeyRing, ring
from auth.tokens import Tokens
from core.errors import NotSignedIn
from domain import keys
from models.keys import SigningKey
from tests import factories


@pytest.fixture(autouse=True)
async def _keys_are_left_as_they_were(db):
    yield
    await clear(db)
    await ring.load(db)


async def clear(db) -> None:
    async with db.write() as tx:
        tx.later(delete(SigningKey))


async def announce(db) -> None:
    """Let the minutes pass for which a new key only verifies."""
    async with db.write() as tx:
        tx.later(update(SigningKey).values(signs_from=func.least(SigningKey.signs_from, func.now())))


async def test_of_many_processes_that_need_the_first_key_one_makes_it(db):
    await clear(db)
    found = await asyncio.gather(*(keys.ensure(db) for _ in range(10)))
    assert len({pair.kid for each in found for pair in each}) == 1
    [[number]] = await db.read(select(func.count()).select_from(SigningKey))
    assert number == 1


async def test_a_private_key_is_not_kept_readable(db):
    await keys.ensure(db)
    [row, *_] = await db.read(select(SigningKey))
    assert b"P-256" not in row.sealed


async def test_a_new_key_is_published_before_it_signs(db):
    before, mine = KeyRing(), KeyRing()
    await before.load(db)
    made = await keys.rotate(db)
    await mine.load(db)
    assert mine.signing_key().thumbprint() == before.signing_key().thumbprint() != made.kid
    assert {key["kid"] for key in mine.public_set()["keys"]} >= {made.kid, before.signing_key().thumbprint()}
    assert not any("d" in key for key in mine.public_set()["keys"])
    await announce(db)
    await mine.load(db)
    assert mine.signing_key().thumbprint() == made.kid


async def test_tokens_of_both_keys_verify_during_a_rotation(db, verifier: Tokens):
    ada = await factories.person(db)
    await keys.rotate(db)
    await announce(db)
    bob = await factories.person(db)
    signed_with = [jwt.decode(each.token, key_of(each)).header["kid"] for each in (ada, bob)]
    assert len(set(signed_with)) == 2
    found = [(await verifier.verified(f"Bearer {each.token}")).viewer.user_id for each in (ada, bob)]
    assert found == [ada.number, bob.number]


def key_of(person) -> object:
    return next(pair.key for pair in ring._pairs if pair.kid == tokens._kid(person.token))


async def test_a_key_is_gone_once_its_last_token_has_expired(db, verifier: Tokens):
    ada = await factories.person(db)
    await keys.rotate(db)
    await announce(db)
    async with db.write() as tx:
        past = datetime.now(UTC) - timedelta(seconds=1)
        tx.later(update(SigningKey).where(SigningKey.verifies_until.is_not(None)).values(verifies_until=past))
    await ring.load(db)
    with pytest.raises(NotSignedIn):
        await verifier.verified(f"Bearer {ada.token}")


async def test_a_key_that_another_process_made_is_found_when_its_token_comes(db):
    mine = KeyRing()
    await mine.load(db)
    made = await keys.rotate(db)
    assert (await mine.find(db, made.kid)).thumbprint() == made.kid


async def test_forged_key_ids_are_looked_up_once_in_a_while(db, statements):
    mine = KeyRing()
    await mine.load(db)
    before = len(statements)
    assert await asyncio.gather(*(mine.find(db, f"forged-{n}") for n in range(50))) == [None] * 50
    assert len(statements) - before == 1


async def test_a_key_sealed_under_a_lost_secret_makes_way_for_another(db, caplog):
    async with db.write() as tx:
        tx.later(update(SigningKey).values(sealed=b"unreadable, as its secret is lost"))
    mine = KeyRing()
    await mine.load(db)
    assert mine.signing_key()
