"""Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds), and recovery codes in their stead.

Each code is good once, and its time step may be off by one. Turning it on makes recovery codes, which are shown then
and never again.
"""

import hashlib
import secrets

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.database import Database
from core.errors import Conflict, InvalidInput, NotSignedIn
from core.sealing import seal, unseal
from core.transactions import Transaction
from domain import audit, notices, sessions
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.viewer import Viewer
from models.factors import RecoveryCode, TotpFactor

SEALED_FOR = "totp"
SKEW = 1
"""Steps that clocks may differ by."""
DIGITS = 6
CODES = 10
NOT_NOW = "Not the six digits that the app shows now."
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""What recovery codes are made of: nothing that reads like something else. 16 of it are 79 bits."""

_USER = bindparam("user_id", type_=BigInteger)
_OF = TotpFactor.user_id == _USER
_HELD = select(TotpFactor).where(_OF).with_for_update()
_ON = select(TotpFactor.user_id).where(_OF, TotpFactor.confirmed_at.isnot(None))
_NEW = upsert(TotpFactor).values(user_id=_USER, sealed=bindparam("sealed"), last_step=0)
_BEGIN = _NEW.on_conflict_do_update(
    index_elements=["user_id"],
    set_={"sealed": _NEW.excluded.sealed, "last_step": 0},
    where=TotpFactor.confirmed_at.is_(None),
).returning(TotpFactor.user_id)
_CONFIRM = update(TotpFactor).where(_OF).values(confirmed_at=func.now())
_USE = update(TotpFactor).where(_OF).values(last_step=bindparam("step", type_=BigInteger))
_REMOVE = delete(TotpFactor).where(_OF).returning(TotpFactor.confirmed_at)
_FORGET_CODES = delete(RecoveryCode).where(RecoveryCode.user_id == _USER)
_KEEP_CODE = insert(RecoveryCode).values(user_id=_USER, code_hash=bindparam("hash"))
_USE_CODE = (
    delete(RecoveryCode)
    .where(RecoveryCode.user_id == _USER, RecoveryCode.code_hash == bindparam("hash"))
    .returning(RecoveryCode.user_id)
)


async def is_on(db: Database, user_id: int) -> bool:
    """Whether somebody is asked for a code. Raises Unavailable."""
    return bool(await db.read(_ON, user_id=user_id))


async def begin(db: Database, viewer: Viewer) -> str:
    """A new secret, in base 32, for the viewer's app: it counts once it is confirmed. Raises Conflict."""
    me, secret = viewer.require_user(), pyotp.random_base32()
    async with db.write() as tx:
        if not await tx.rows(_BEGIN, user_id=me, sealed=seal(secret.encode(), SEALED_FOR)):
            raise Conflict("You have an authenticator app already: turn it off first.")
    return secret


async def confirm(db: Database, viewer: Viewer, code: str, device: Device) -> list[str]:
    """Turn the app on that shows this code, and make recovery codes. Raises NotSignedIn, Conflict, InvalidInput."""
    me, plain = viewer.require_user(), _plain(code)
    if len(plain) != DIGITS:
        raise InvalidInput.at("input", "code", message=NOT_NOW)
    async with db.write() as tx:
        if not await sessions.goes_on(tx, me, viewer.session_id):
            raise NotSignedIn
        factor = await tx.first(_HELD, user_id=me)
        if factor is None or factor.confirmed_at:
            raise Conflict("There is no authenticator app to confirm: begin with a new secret.")
        if not _use(tx, factor, plain):
            raise InvalidInput.at("input", "code", message=NOT_NOW)
        tx.later(_CONFIRM, user_id=me)
        audit.record(tx, me, SecurityEventKind.TOTP_ADDED, device)
        await notices.send(tx, me, "an authenticator app was added")
        return _make_codes(tx, me)


async def remove(db: Database, viewer: Viewer, device: Device) -> None:
    """Turn the app off; its recovery codes go with it. Raises Conflict."""
    me = viewer.require_user()
    async with db.write() as tx:
        if not await tx.rows(_REMOVE, user_id=me):
            raise Conflict("There is no authenticator app to turn off.")
        tx.later(_FORGET_CODES, user_id=me)
        audit.record(tx, me, SecurityEventKind.TOTP_REMOVED, device)
        await notices.send(tx, me, "the authenticator app was removed")


async def renew_codes(db: Database, viewer: Viewer, device: Device) -> list[str]:
    """Other recovery codes; those before are void. Raises Conflict."""
    me = viewer.require_user()
    async with db.write() as tx:
        factor = await tx.first(_HELD, user_id=me)
        if factor is None or not factor.confirmed_at:
            raise Conflict("Recovery codes stand in for an authenticator app: add one first.")
        audit.record(tx, me, SecurityEventKind.RECOVERY_CODES_MADE, device)
        await notices.send(tx, me, "new recovery codes were made")
        return _make_codes(tx, me)


async def spend(tx: Transaction, user_id: int, code: str, device: Device) -> bool:
    """Use up a code of somebody's app, or a recovery code; whether it was one."""
    plain = _plain(code)
    factor = await tx.first(_HELD, user_id=user_id)
    if factor is None or not factor.confirmed_at:
        return False
    if len(plain) == DIGITS:
        return _use(tx, factor, plain)
    if not await tx.rows(_USE_CODE, user_id=user_id, hash=_hash(plain)):
        return False
    audit.record(tx, user_id, SecurityEventKind.RECOVERY_CODE_USED, device)
    await notices.send(tx, user_id, "a recovery code was used")
    return True


def _use(tx: Transaction, factor: TotpFactor, code: str) -> bool:
    """Whether a code is the app's, of a step about now and after the last that was used; which it is then."""
    app = pyotp.TOTP(unseal(factor.sealed, SEALED_FOR).decode())
    try:
        step = app.verify_and_get_timecode(code, valid_window=SKEW)
    except OTPVerificationError:
        return False
    if step > factor.last_step:
        tx.later(_USE, user_id=factor.user_id, step=step)
    return step > factor.last_step


def _make_codes(tx: Transaction, user_id: int) -> list[str]:
    tx.later(_FORGET_CODES, user_id=user_id)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(16)) for _ in range(CODES)]
    for code in codes:
        tx.later(_KEEP_CODE, user_id=user_id, hash=_hash(code))
    return ["-".join(code[place : place + 4] for place in range(0, 16, 4)) for code in codes]


def _plain(code: str) -> str:
    """A code as it is meant, however it was typed."""
    return "".join(filter(str.isalnum, code.lower())).encode("ascii", "ignore").decode()


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
