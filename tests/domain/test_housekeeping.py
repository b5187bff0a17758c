from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from core.database import Database
from core.settings import settings
from domain import housekeeping, posts, sessions
from domain.housekeeping import tidy
from domain.viewer import Viewer
from models.letters import Letter
from models.links import AccountLink
from models.outbox import IdempotencyKey
from models.posts import Visibility
from models.sessions import RefreshToken, Session
from tests.api import Api, Rows
from tests.auth.oauth.client import App
from tests.factories import sql


async def test_what_has_expired_is_deleted_and_what_is_good_stays(db: Database, api: Api) -> None:
    old, new = await api.sign_up(), await api.sign_up()
    for person in (old, new):
        await _publish(db, person.number)
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=1)
    async with db.write() as tx:
        theirs = select(Session.id).where(Session.user_id == old.number)
        tx.later(update(RefreshToken).where(RefreshToken.session_id.in_(theirs)).values(expires_at=yesterday))
        tx.later(update(Session).where(Session.user_id == old.number).values(expires_at=yesterday))
        keys = update(IdempotencyKey).where(IdempotencyKey.user_id == old.number)
        tx.later(keys.values(created_at=yesterday))

    await tidy(db)

    assert await _left(db, old.number) == (0, 0)
    assert await _left(db, new.number) == (1, 1)
    assert await sessions.rotate(db, new.refresh_token)


async def _publish(db: Database, author: int) -> None:
    await posts.create(
        db, Viewer(author), body="Once.", visibility=Visibility.PUBLIC, client_mutation_id="housekeeping"
    )


async def _left(db: Database, user: int) -> tuple[int, int]:
    sessions_left = await db.read(select(func.count()).select_from(Session).where(Session.user_id == user))
    keys_left = await db.read(select(func.count()).select_from(IdempotencyKey).where(IdempotencyKey.user_id == user))
    return sessions_left[0][0], keys_left[0][0]


async def test_links_that_have_expired_and_old_letters_are_deleted(db: Database, api: Api, rows: Rows) -> None:
    await tidy(db)  # after other tests
    await api.sign_up()
    before = await rows()
    await tidy(db)
    assert await rows() == before
    async with db.write() as tx:
        tx.later(update(AccountLink).values(expires_at=datetime.now(UTC)))
        tx.later(update(Letter).values(created_at=datetime.now(UTC) - timedelta(days=31)))
    await tidy(db)
    after = await rows()
    assert (after["account_links"], after["letters"]) == (0, 0)


async def test_apps_that_registered_themselves_and_never_got_a_token_are_forgotten(db: Database, api: Api) -> None:
    unused, used, young, owned = [await App.make(db, api.http) for _ in range(4)]
    assert (await used.post("/oauth/token", grant_type="client_credentials")).status_code == 200
    ids = [int(each.client_id.removeprefix("app_")) for each in (unused, used, young, owned)]
    days, developer = settings().registration_days + 1, (await api.sign_up()).number
    aged = "update apps set created_at = now() - make_interval(days => :days) where id <> :young"
    await sql(db, aged, days=days, young=ids[2])
    await sql(db, "update apps set owner_id = :developer where id = :owned", developer=developer, owned=ids[3])
    await tidy(db)
    assert [row.id for row in await sql(db, "select id from apps where id = any(:ids) order by id", ids=ids)] == ids[1:]


async def test_sessions_that_were_ended_long_ago_are_deleted_though_they_never_expire(db: Database, api: Api) -> None:
    long_ago, lately, going_on = [(await api.sign_up()).number for _ in range(3)]
    ended = (
        "update sessions set expires_at = null, revoked_at = now() - make_interval(days => :days) where user_id = :user"
    )
    await sql(db, ended, days=31, user=long_ago)
    await sql(db, ended, days=29, user=lately)
    await tidy(db)
    left = await sql(db, "select user_id from sessions where user_id >= :first order by id", first=long_ago)
    assert [row.user_id for row in left] == [lately, going_on]


async def test_however_much_there_is_it_is_deleted_some_at_a_time(db: Database) -> None:
    challenges = """insert into challenges (token_hash, purpose, expires_at)
        select sha256(n::text::bytea), 'PASSKEY_USE', now() + sign(n - :old - 0.5) * interval '1 minute'
        from generate_series(1, :all) n"""
    await sql(db, "delete from challenges")  # other tests' people began something
    await sql(db, challenges, old=2 * housekeeping.AT_ONCE + 1, all=2 * housekeeping.AT_ONCE + 2)
    await tidy(db)
    assert [row.number for row in await sql(db, "select count(*) as number from challenges")] == [1]
    await sql(db, "delete from challenges")
