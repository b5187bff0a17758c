"""People's passkeys: the public keys, by which they come in."""

from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import BigInteger, Boolean, LargeBinary, Text, bindparam, delete, func, select, update

from core.database import Database
from core.errors import Conflict, NotFound
from core.transactions import Transaction
from domain import audit, notices, ways_in
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.text import clean
from domain.viewer import Viewer
from models.factors import Passkey

MOST = 20
"""Passkeys of one person."""
LONGEST_NAME = 100

_OF_USER = Passkey.user_id == bindparam("user_id", type_=BigInteger)
_IS_IT = Passkey.id == bindparam("id", type_=BigInteger)
_ALL = select(Passkey.credential_id, Passkey.transports).where(_OF_USER).order_by(Passkey.id)
_KNOWN = select(Passkey).where(Passkey.credential_id == bindparam("credential", type_=LargeBinary)).with_for_update()
_USED = (
    update(Passkey)
    .where(_IS_IT)
    .values(
        sign_count=bindparam("count", type_=BigInteger),
        is_synced=bindparam("synced", type_=Boolean),
        last_used_at=func.now(),
    )
)
_RENAME = update(Passkey).where(_IS_IT, _OF_USER).values(name=bindparam("name", type_=Text)).returning(Passkey)
_REMOVE = delete(Passkey).where(_IS_IT, _OF_USER).returning(Passkey.name)


async def of(db: Database, viewer: Viewer) -> list[Any]:
    """The viewer's: `credential_id` and `transports` of each. Raises NotSignedIn."""
    return await db.read(_ALL, user_id=viewer.require_user())


async def add(tx: Transaction, user_id: int, device: Device, **key: Any) -> Passkey:
    """Keep a public key that was just made for this person. Raises Conflict."""
    await ways_in.hold(tx, user_id)
    if len(await tx.rows(_ALL, user_id=user_id)) >= MOST:
        raise Conflict(f"You have {MOST} passkeys: remove one first.")
    try:
        passkey = await tx.insert(Passkey, user_id=user_id, **key)
    except UniqueViolation as error:
        raise Conflict("This passkey is there already.") from error
    audit.record(tx, user_id, SecurityEventKind.PASSKEY_ADDED, device, name=passkey.name)
    await notices.send(tx, user_id, "a passkey was added")
    return passkey


async def known(tx: Transaction, credential_id: bytes) -> Passkey | None:
    """The passkey of this name, which nobody else uses meanwhile."""
    return await tx.first(_KNOWN, credential=credential_id)


def used(tx: Transaction, passkey: Passkey, *, sign_count: int, is_synced: bool) -> None:
    """It has let somebody in."""
    tx.later(_USED, id=passkey.id, count=sign_count, synced=is_synced)


async def rename(db: Database, viewer: Viewer, passkey_id: int, name: str) -> Passkey:
    """Call one of the viewer's passkeys something else. Raises NotSignedIn, InvalidInput, NotFound."""
    me, name = viewer.require_user(), clean(name, LONGEST_NAME, "input", "name", lines=False)
    async with db.write() as tx:
        passkey: Passkey | None = await tx.first(_RENAME, id=passkey_id, user_id=me, name=name)
    if passkey is None:
        raise NotFound("passkey")
    return passkey


async def remove(db: Database, viewer: Viewer, passkey_id: int, device: Device) -> None:
    """Take one of the viewer's passkeys away. Raises NotSignedIn, NotFound, Conflict."""
    me = viewer.require_user()
    async with db.write() as tx:
        await ways_in.hold(tx, me)
        removed = await tx.first(_REMOVE, id=passkey_id, user_id=me)
        if removed is None:
            raise NotFound("passkey")
        await ways_in.keep_one(tx, me)
        audit.record(tx, me, SecurityEventKind.PASSKEY_REMOVED, device, name=removed.name)
        await notices.send(tx, me, "a passkey was removed")
