"""What happened to an account is put down once and stays as it is."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from core import ids
from core.database import Database
from domain import audit
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.housekeeping import tidy
from domain.viewer import Viewer
from models.audit import SecurityEvent
from tests import factories
from tests.factories import sql


async def test_an_event_says_what_happened_and_where_from(db: Database, ada: Viewer) -> None:
    async with db.write() as tx:
        audit.record(tx, ada.key, SecurityEventKind.SIGNED_IN, Device("192.0.2.7", "Browser\n/1" + "x" * 400), tries=2)
    [event] = await sql(db, "select * from security_events where user_id = :user", user=ada.key)
    assert (event.kind, event.address, event.details) == ("SIGNED_IN", "192.0.2.7", {"tries": 2})
    assert event.agent.startswith("Browser/1x")
    assert len(event.agent) == 300


async def test_what_is_rolled_back_did_not_happen(db: Database, ada: Viewer) -> None:
    with suppress(ZeroDivisionError):
        async with db.write() as tx:
            audit.record(tx, ada.key, SecurityEventKind.SIGNED_IN)
            await tx.flush()
            raise ZeroDivisionError
    assert await sql(db, "select 1 from security_events where user_id = :user", user=ada.key) == []


@pytest.mark.parametrize(
    "change",
    ["update security_events set kind = 'SIGNED_OUT'", "delete from security_events", "truncate security_events"],
)
async def test_the_database_refuses_to_change_it(db: Database, ada: Viewer, database_url: str, change: str) -> None:
    async with db.write() as tx:
        audit.record(tx, ada.key, SecurityEventKind.SIGNED_IN)
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change)
    assert await sql(db, "select 1 from security_events where user_id = :user", user=ada.key)


async def test_it_is_kept_for_a_year_and_no_longer(db: Database, ada: Viewer) -> None:
    now = datetime.now(UTC)
    moments = [now - audit.KEPT - timedelta(minutes=1), now - timedelta(days=364)]
    events = [{"id": ids.at(at), "user_id": ada.key, "kind": "SIGNED_IN", "created_at": at} for at in moments]
    await factories.make(db, SecurityEvent, events)
    await tidy(db)
    left = await sql(db, "select created_at from security_events where user_id = :user", user=ada.key)
    assert [row.created_at for row in left] == moments[1:]
