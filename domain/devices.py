"""Devices that wait for somebody to let them in from elsewhere, RFC 8628."""

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from core.transactions import Transaction
from domain import grants
from domain.apps import hashed
from domain.device import Device
from domain.scopes import in_order
from models.apps import App, DeviceCode, Grant

LIFETIME = timedelta(minutes=10)
INTERVAL = 5
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so no words, and nothing that looks like something else: RFC 8628, section 6.1."""

_IS_IT = DeviceCode.code_hash == bindparam("hash")
_POLLED = (
    select(DeviceCode, Grant.user_id)
    .outerjoin(Grant, Grant.id == DeviceCode.grant_id)
    .where(_IS_IT, DeviceCode.app_id == bindparam("app_id", type_=BigInteger))
    .with_for_update(of=DeviceCode)
)
_POLL = update(DeviceCode).where(_IS_IT).values(polled_at=func.now(), interval=bindparam("interval"))
_USE_UP = delete(DeviceCode).where(_IS_IT)
_IS_WAITING = (
    (DeviceCode.user_code_hash == bindparam("user_code"))
    & (DeviceCode.expires_at > func.now())
    & DeviceCode.grant_id.is_(None)
    & DeviceCode.denied_at.is_(None)
)
_WAITING = select(DeviceCode.app_id, DeviceCode.scopes, App.name, App.website).join(App).where(_IS_WAITING)
_HELD = select(DeviceCode).where(_IS_WAITING).with_for_update()
_ALLOW = (
    update(DeviceCode)
    .where(_IS_IT)
    .values(
        grant_id=bindparam("grant_id"),
        scopes=bindparam("scopes", type_=ARRAY(Text)),
        authenticated_at=bindparam("authenticated_at"),
    )
)
_DENY = update(DeviceCode).where(_IS_WAITING).values(denied_at=func.now()).returning(DeviceCode.app_id)


async def wait(tx: Transaction, app_id: int, scopes: Sequence[str], *, device_code: str, user_code: str) -> None:
    """Have a device wait."""
    expires_at = datetime.now(UTC) + LIFETIME
    hashes = {"code_hash": hashed(device_code), "user_code_hash": hashed(normal(user_code))}
    await tx.insert(DeviceCode, app_id=app_id, scopes=list(scopes), expires_at=expires_at, **hashes)


async def poll(tx: Transaction, device_code: str, app_id: int) -> Any | None:
    """The app's device, held until the transaction ends, with the `user_id` of who allowed it."""
    return await tx.first(_POLLED, hash=hashed(device_code), app_id=app_id)


def is_hasty(tx: Transaction, row: Any) -> bool:
    """Whether it asked too soon, for which it waits longer from now on, RFC 8628, section 3.5. Counts the question."""
    asked = row.polled_at
    hasty = asked is not None and datetime.now(UTC) - asked < timedelta(seconds=row.interval)
    tx.later(_POLL, hash=row.code_hash, interval=row.interval + (INTERVAL if hasty else 0))
    return hasty


def use_up(tx: Transaction, row: Any) -> None:
    """The device has what it waited for."""
    tx.later(_USE_UP, hash=row.code_hash)


async def waiting(tx: Transaction, user_code: str) -> Any | None:
    """The device that shows this code: `app_id`, `name`, `website`, `scopes`."""
    return await tx.first(_WAITING, user_code=hashed(normal(user_code)))


async def allow(
    tx: Transaction,
    user_code: str,
    user_id: int,
    *,
    authenticated_at: datetime,
    scopes: Collection[str] | None = None,
    device: Device | None = None,
) -> bool:
    """Let the device in, with what it asks for or less; False where none waits any more."""
    row = await tx.first(_HELD, user_code=hashed(normal(user_code)))
    if row is None:
        return False
    allowed = in_order(row.scopes if scopes is None else frozenset(scopes) & frozenset(row.scopes))
    if not allowed:
        return await deny(tx, user_code)
    grant_id = await grants.lend(tx, row.app_id, user_id, asked=row.scopes, allowed=allowed, device=device)
    tx.later(_ALLOW, hash=row.code_hash, grant_id=grant_id, scopes=allowed, authenticated_at=authenticated_at)
    return True


async def deny(tx: Transaction, user_code: str) -> bool:
    """Keep the device out; False where none waits any more."""
    return await tx.first(_DENY, user_code=hashed(normal(user_code))) is not None


def make_user_code() -> str:
    """Something to type: 34 bits, for ten minutes, and few guesses."""
    return spaced("".join(secrets.choice(LETTERS) for _ in range(8)))


def spaced(letters: str) -> str:
    """As a device shows them."""
    return f"{letters[:4]}-{letters[4:]}"


def normal(user_code: str) -> str:
    """What was typed, without case and what stands between letters."""
    return "".join(filter(str.isalnum, user_code.upper()))[:40]
