"""Identities at other providers, by which people come in. Linked by issuer and subject, and by nothing else."""

from psycopg.errors import UniqueViolation
from sqlalchemy import BigInteger, Text, bindparam, delete, select

from core.database import Database
from core.errors import Conflict, NotFound
from core.transactions import Transaction
from domain import audit, notices, ways_in
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.viewer import Viewer
from models.identities import Identity

TAKEN = "Another account has this identity already: sign in there, and unlink it first."

_WHOSE = select(Identity.user_id).where(
    Identity.issuer == bindparam("issuer", type_=Text), Identity.subject == bindparam("subject", type_=Text)
)
_REMOVE = (
    delete(Identity)
    .where(Identity.id == bindparam("id", type_=BigInteger), Identity.user_id == bindparam("user_id", type_=BigInteger))
    .returning(Identity.provider)
)


async def owner(db: Database, *, issuer: str, subject: str) -> int | None:
    """Whose identity it is. Raises Unavailable."""
    rows = await db.read(_WHOSE, issuer=issuer, subject=subject)
    return rows[0].user_id if rows else None


async def link(tx: Transaction, user_id: int, device: Device, **identity: str) -> None:
    """Let somebody in by another provider: its `issuer`, `subject`, `provider` and `label`. Raises Conflict."""
    try:
        await tx.insert(Identity, user_id=user_id, **identity)
    except UniqueViolation as error:
        raise Conflict(TAKEN) from error
    audit.record(tx, user_id, SecurityEventKind.IDENTITY_LINKED, device, provider=identity["provider"])
    await notices.send(tx, user_id, f"signing in with {identity['provider']} was allowed")


async def unlink(db: Database, viewer: Viewer, identity_id: int, device: Device) -> None:
    """Let the viewer in by it no more. Raises NotSignedIn, NotFound, Conflict."""
    me = viewer.require_user()
    async with db.write() as tx:
        await ways_in.hold(tx, me)
        removed = await tx.first(_REMOVE, id=identity_id, user_id=me)
        if removed is None:
            raise NotFound("identity")
        await ways_in.keep_one(tx, me)
        audit.record(tx, me, SecurityEventKind.IDENTITY_UNLINKED, device, provider=removed.provider)
        await notices.send(tx, me, f"signing in with {removed.provider} was ended")
