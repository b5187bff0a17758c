"""What nobody needs any more: used-up keys and tokens, sessions that are over, apps that never began."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, DateTime, bindparam, delete

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

LETTERS_KEPT = timedelta(days=30)
_BEFORE: ColumnElement[datetime] = bindparam("before", type_=DateTime(timezone=True))
_OLD_KEYS = delete(IdempotencyKey).where(IdempotencyKey.created_at < _BEFORE)
_OLD_TOKENS = delete(RefreshToken).where(RefreshToken.expires_at < _BEFORE)
_OLD_EVENTS = delete(SecurityEvent).where(SecurityEvent.id < bindparam("before", type_=BigInteger))
_OLD_LINKS = delete(AccountLink).where(AccountLink.expires_at < _BEFORE)
_OLD_CHALLENGES = delete(Challenge).where(Challenge.expires_at < _BEFORE)
_OLD_LETTERS = delete(Letter).where(Letter.created_at < _BEFORE)
_OLD_CODES = delete(AuthorizationCode).where(AuthorizationCode.expires_at < _BEFORE)
_OLD_DEVICES = delete(DeviceCode).where(DeviceCode.expires_at < _BEFORE)
_OLD_SESSIONS = delete(Session).where(Session.expires_at < _BEFORE)
_OLD_SIGNING_KEYS = delete(SigningKey).where(SigningKey.verifies_until < _BEFORE)
_UNUSED_APPS = delete(App).where(App.owner_id.is_(None), App.used_at.is_(None), App.created_at < _BEFORE)


async def tidy(db: Database) -> None:
    """Delete what has expired. Raises Unavailable."""
    now = datetime.now(UTC)
    async with db.write() as tx:
        tx.later(_OLD_KEYS, before=now - KEPT)
    async with db.write() as tx:
        tx.later(_OLD_LINKS, before=now)
        tx.later(_OLD_CHALLENGES, before=now)
        tx.later(_OLD_LETTERS, before=now - LETTERS_KEPT)
    async with db.write() as tx:
        tx.later(_OLD_TOKENS, before=now)
        tx.later(_OLD_CODES, before=now)
        tx.later(_OLD_DEVICES, before=now)
        tx.later(_OLD_SESSIONS, before=now)
        tx.later(_OLD_SIGNING_KEYS, before=now)
        tx.later(_UNUSED_APPS, before=now - timedelta(days=settings().registration_days))
    async with db.write() as tx:
        tx.later(_OLD_EVENTS, before=ids.at(now - audit.KEPT))
