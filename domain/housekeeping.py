"""What nobody needs any more: used-up keys and tokens, sessions that are over, apps that never began."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Executable, bindparam, delete, inspect, select, tuple_

from core import ids
from core.database import Database
from core.settings import settings
from domain import audit
from domain.idempotency import KEPT
from models.apps import App, AuthorizationCode, DeviceCode
from models.audit import SecurityEvent
from models.challenges import Challenge
from models.keys import SigningKey
from models.letters import Letter
from models.links import AccountLink
from models.outbox import IdempotencyKey
from models.sessions import RefreshToken, Session

LETTERS_KEPT = SESSIONS_KEPT = timedelta(days=30)
"""Since they were written, or ended."""
AT_ONCE = 5_000
"""Rows that a statement deletes: it has seconds, and there may be what a week without a worker has left."""
_BEFORE: ColumnElement[datetime] = bindparam("before", type_=DateTime(timezone=True))


def _some(model: Any, *are_old: ColumnElement[bool]) -> Executable:
    """Delete rows that nobody holds, as many as go at once."""
    key = inspect(model).primary_key
    old = select(*key).where(*are_old).limit(AT_ONCE).with_for_update(skip_locked=True).cte("old")
    return delete(model).where(tuple_(*key).in_(select(old))).returning(*key)


_OLD = (
    (_some(IdempotencyKey, IdempotencyKey.created_at < _BEFORE), KEPT),
    (_some(AccountLink, AccountLink.expires_at < _BEFORE), timedelta()),
    (_some(Challenge, Challenge.expires_at < _BEFORE), timedelta()),
    (_some(Letter, Letter.created_at < _BEFORE), LETTERS_KEPT),
    (_some(RefreshToken, RefreshToken.expires_at < _BEFORE), timedelta()),
    (_some(AuthorizationCode, AuthorizationCode.expires_at < _BEFORE), timedelta()),
    (_some(DeviceCode, DeviceCode.expires_at < _BEFORE), timedelta()),
    (_some(Session, Session.expires_at < _BEFORE), timedelta()),
    (_some(Session, Session.revoked_at < _BEFORE), SESSIONS_KEPT),
    (_some(SigningKey, SigningKey.verifies_until < _BEFORE), timedelta()),
)
"""What is old, and how long before now it has to be so."""
_UNUSED_APPS = _some(App, App.owner_id.is_(None), App.used_at.is_(None), App.created_at < _BEFORE)
_OLD_EVENTS = _some(SecurityEvent, SecurityEvent.id < bindparam("before", type_=BigInteger))


async def tidy(db: Database) -> None:
    """Delete what has expired. Raises Unavailable."""
    now = datetime.now(UTC)
    for statement, kept in _OLD:
        await _delete(db, statement, now - kept)
    await _delete(db, _UNUSED_APPS, now - timedelta(days=settings().registration_days))
    await _delete(db, _OLD_EVENTS, ids.at(now - audit.KEPT))


async def _delete(db: Database, statement: Executable, before: datetime | int) -> None:
    number = AT_ONCE
    while number == AT_ONCE:
        async with db.write() as tx:
            number = len(await tx.rows(statement, before=before))
