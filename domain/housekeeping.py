"""What nobody needs any more: used-up keys and tokens, and sessions that can't go on."""

from datetime import UTC, datetime

from sqlalchemy import delete, exists

from core.database import Database
from domain.idempotency import KEPT
from models.outbox import IdempotencyKey
from models.sessions import RefreshToken, Session


async def tidy(db: Database) -> None:
    """Delete what has expired. Raises Unavailable."""
    now = datetime.now(UTC)
    async with db.write() as tx:
        await tx.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))
    async with db.write() as tx:
        await tx.execute(delete(RefreshToken).where(RefreshToken.expires_at < now))
        await tx.execute(delete(Session).where(~exists().where(RefreshToken.session_id == Session.id)))
