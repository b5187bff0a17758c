"""Sessions: carried on by one token after another, and over for good when one is replayed."""

import asyncio

import pytest

from core.database import Database
from core.errors import NotSignedIn
from domain import endings, events, sessions
from domain.sessions import Opened
from domain.viewer import Viewer
from loaders.sessions import viewer_of
from tests.api import Api
from tests.domain.conftest import Refused, Told
from tests.factories import sql


@pytest.fixture
async def opened(db: Database, ada: Viewer) -> Opened:
    async with db.write() as tx:
        return await sessions.begin(tx, sessions.Known(ada.key))


async def _later(db: Database, session: int, seconds: float) -> None:
    """As if so many seconds had passed."""
    await sql(
        db,
        """update refresh_tokens set used_at = used_at - make_interval(secs => :seconds),
        expires_at = expires_at - make_interval(secs => :seconds) where session_id = :session""",
        seconds=seconds,
        session=session,
    )


async def _is_open(db: Database, opened: Opened) -> bool:
    return await viewer_of(db, opened.session_id) == Viewer(opened.user_id, opened.session_id)


async def test_a_token_is_kept_as_its_hash_only(db: Database, opened: Opened) -> None:
    rows = await sql(db, "select token_hash from refresh_tokens where session_id = :id", id=opened.session_id)
    assert [len(row.token_hash) for row in rows] == [32]
    assert opened.refresh_token.encode() not in rows[0].token_hash
    assert len(opened.refresh_token) >= 43


async def test_a_session_goes_on_from_token_to_token(db: Database, opened: Opened) -> None:
    seen, token = {opened.refresh_token}, opened.refresh_token
    for _ in range(4):
        following = await sessions.rotate(db, token)
        assert (following.session_id, following.user_id) == (opened.session_id, opened.user_id)
        token = following.refresh_token
        assert token not in seen
        seen.add(token)
    assert await _is_open(db, opened)


async def test_who_lost_the_answer_gets_it_again_within_the_grace(db: Database, opened: Opened) -> None:
    first = await sessions.rotate(db, opened.refresh_token)
    await _later(db, opened.session_id, sessions.GRACE.total_seconds() - 2)
    assert await sessions.rotate(db, opened.refresh_token) == first
    assert await sessions.rotate(db, first.refresh_token)


async def test_many_who_use_one_token_at_once_get_the_same_successor(db: Database, opened: Opened) -> None:
    found = await asyncio.gather(*(sessions.rotate(db, opened.refresh_token) for _ in range(8)))
    assert len(set(found)) == 1
    assert len(await sql(db, "select 1 from refresh_tokens where session_id = :id", id=opened.session_id)) == 2


async def test_a_replay_after_the_grace_ends_the_session_and_is_told(db: Database, opened: Opened, told: Told) -> None:
    latest = await sessions.rotate(db, opened.refresh_token)
    await _later(db, opened.session_id, sessions.GRACE.total_seconds() + 1)
    async with told() as happened:
        for token in (opened.refresh_token, opened.refresh_token, latest.refresh_token):
            with pytest.raises(NotSignedIn):
                await sessions.rotate(db, token)
    assert happened == [events.SessionRevoked(opened.session_id)]
    assert not await _is_open(db, opened)


async def test_replays_of_several_tokens_at_once_end_the_session_once(db: Database, opened: Opened, told: Told) -> None:
    used = [opened.refresh_token]
    for _ in range(3):
        used.append((await sessions.rotate(db, used[-1])).refresh_token)
    await _later(db, opened.session_id, sessions.GRACE.total_seconds() + 1)
    async with told() as happened:
        answers = await asyncio.gather(*(sessions.rotate(db, each) for each in used[:3] * 2), return_exceptions=True)
    assert {type(each) for each in answers} == {NotSignedIn}
    assert happened == [events.SessionRevoked(opened.session_id)]


async def test_one_session_ends_and_the_persons_others_go_on(db: Database, opened: Opened, ada: Viewer) -> None:
    async with db.write() as tx:
        other = await sessions.begin(tx, sessions.Known(ada.key))
    await endings.end(db, Viewer(ada.key, opened.session_id))
    assert not await _is_open(db, opened)
    assert await sessions.rotate(db, other.refresh_token)


async def test_a_session_that_has_ended_goes_on_with_no_token(db: Database, opened: Opened, refused: Refused) -> None:
    following = await sessions.rotate(db, opened.refresh_token)
    await endings.end(db, Viewer(opened.user_id, opened.session_id))
    for token in (opened.refresh_token, following.refresh_token):
        async with refused(NotSignedIn):
            await sessions.rotate(db, token)


async def test_an_unknown_token_is_refused_and_ends_nothing(db: Database, opened: Opened, refused: Refused) -> None:
    for token in ("", "nonsense", opened.refresh_token[:-1], opened.refresh_token.lower()):
        async with refused(NotSignedIn):
            await sessions.rotate(db, token)
    assert await _is_open(db, opened)


async def test_an_expired_token_is_refused(db: Database, opened: Opened, refused: Refused) -> None:
    await _later(db, opened.session_id, 31 * 86_400)
    async with refused(NotSignedIn):
        await sessions.rotate(db, opened.refresh_token)


async def test_nobody_signs_out_signed_out(db: Database, refused: Refused) -> None:
    async with refused(NotSignedIn):
        await endings.end(db, Viewer())


async def test_signing_out_twice_is_told_once(db: Database, opened: Opened, told: Told) -> None:
    async with told() as happened:
        for _ in range(2):
            await endings.end(db, Viewer(opened.user_id, opened.session_id))
    assert happened == [events.SessionRevoked(opened.session_id)]


async def test_access_tokens_are_void_within_a_second_of_signing_out(api: Api) -> None:
    person = await api.sign_up()
    assert (await api("{ viewer { id } }", person))["viewer"] == {"id": person.id}
    assert await api("mutation { signOut { __typename } }", person) == {"signOut": {"__typename": "SignOutSuccess"}}
    loop = asyncio.get_running_loop()
    signed_out_at = loop.time()
    while (status := (await api.post("{ viewer { id } }", viewer=person)).status_code) != 401:
        assert status == 200
        assert loop.time() - signed_out_at < 1
