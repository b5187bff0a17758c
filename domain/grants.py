"""What people lend apps: a grant is asked for once, a code carries it to the app, and a session is what comes of it."""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.ids import encode
from core.transactions import Transaction
from domain import audit, endings, sessions
from domain.apps import hashed
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.scopes import Claim, in_order
from models.apps import App, AuthorizationCode, DeviceCode, Grant

CODE_LIFETIME = timedelta(seconds=60)

_SCOPES = bindparam("scopes", type_=ARRAY(Text))
_OF_BOTH = (Grant.app_id == bindparam("app_id", type_=BigInteger)) & (
    Grant.user_id == bindparam("user_id", type_=BigInteger)
)
_GRANT = select(Grant).where(_OF_BOTH)
_HELD = _GRANT.with_for_update()
_OPEN = (
    insert(Grant).values(app_id=bindparam("app_id"), user_id=bindparam("user_id"), scopes=[]).on_conflict_do_nothing()
)
_LEND = update(Grant).where(Grant.id == bindparam("id", type_=BigInteger)).values(scopes=_SCOPES)
_IS_CODE = AuthorizationCode.code_hash == bindparam("hash")
_CODE = (
    select(AuthorizationCode, Grant.user_id)
    .join(Grant, Grant.id == AuthorizationCode.grant_id)
    .where(_IS_CODE, Grant.app_id == bindparam("app_id", type_=BigInteger))
    .with_for_update(of=AuthorizationCode)
)
_IS_THEIRS = select(Grant.id).where(Grant.user_id == bindparam("user_id", type_=BigInteger))
_VOID_CODES = delete(AuthorizationCode).where(AuthorizationCode.grant_id.in_(_IS_THEIRS))
_VOID_DEVICES = delete(DeviceCode).where(DeviceCode.grant_id.in_(_IS_THEIRS))
_USE_UP = update(AuthorizationCode).where(_IS_CODE).values(used_at=func.now(), session_id=bindparam("session_id"))


async def lent(tx: Transaction, app_id: int, user_id: int) -> frozenset[str]:
    """What somebody lends an app already."""
    grant = await tx.first(_GRANT, app_id=app_id, user_id=user_id)
    return frozenset(grant.scopes) if grant else frozenset()


async def lend(
    tx: Transaction,
    app_id: int,
    user_id: int,
    *,
    asked: Collection[str],
    allowed: Collection[str],
    device: Device | None = None,
) -> int:
    """Put down an answer: of what is asked, what is allowed is lent, the rest no more. The grant's id.

    Where the app had more until now, its sessions end, as they may do more than the person lends it.
    """
    tx.later(_OPEN, app_id=app_id, user_id=user_id)
    [grant] = await tx.rows(_HELD, app_id=app_id, user_id=user_id)
    scopes = in_order((frozenset(grant.scopes) - frozenset(asked)) | frozenset(allowed))
    if not frozenset(grant.scopes) <= frozenset(scopes):
        void(tx, user_id)
        await endings.end_lent_to(tx, app_id, user_id)
    if scopes != grant.scopes:
        tx.later(_LEND, id=grant.id, scopes=scopes)
        app = encode("app", app_id)
        audit.record(tx, user_id, SecurityEventKind.APP_AUTHORIZED, device, app=app, scopes=" ".join(scopes))
    return grant.id  # type: ignore[no-any-return]


def void(tx: Transaction, user_id: int) -> None:
    """Let nothing come of what somebody has allowed and no app has fetched yet."""
    tx.later(_VOID_CODES, user_id=user_id)
    tx.later(_VOID_DEVICES, user_id=user_id)


async def make_code(tx: Transaction, grant_id: int, **request: Any) -> str:
    """A code for a grant, good once and for a minute, and bound to the `request`: see AuthorizationCode."""
    code, expires_at = secrets.token_urlsafe(32), datetime.now(UTC) + CODE_LIFETIME
    await tx.insert(AuthorizationCode, code_hash=hashed(code), grant_id=grant_id, expires_at=expires_at, **request)
    return code


async def find_code(tx: Transaction, code: str, app_id: int, device: Device | None) -> Any | None:
    """The app's code, held until the transaction ends, with `user_id`. One that was used ends what it was used for."""
    row = await tx.first(_CODE, hash=hashed(code), app_id=app_id)
    if row is None or row.expires_at < datetime.now(UTC):
        return None
    if row.used_at is not None:
        await endings.revoke(tx, row.session_id, SecurityEventKind.TOKEN_REPLAYED, device)
        return None
    return row


async def open_session(
    tx: Transaction, row: Any, app: App, device: Device | None, jkt: str | None = None
) -> sessions.Lent:
    """A session for what somebody allowed an app; renewable with `offline_access` alone. Raises Suspended."""
    renewable = Claim.OFFLINE_ACCESS in row.scopes and "refresh_token" in app.grant_types
    of = {"user_id": row.user_id, "grant_id": row.grant_id}
    return await sessions.begin_lent(tx, app.id, row.scopes, renewable=renewable, jkt=jkt, device=device, **of)


async def trade_code(
    tx: Transaction, row: Any, app: App, device: Device | None, jkt: str | None = None
) -> sessions.Lent:
    """A session for a code. Raises Suspended."""
    session = await open_session(tx, row, app, device, jkt)
    tx.later(_USE_UP, hash=row.code_hash, session_id=session.session_id)
    return session
