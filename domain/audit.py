"""The log of what happened to people's accounts, which they can read: see `viewer.securityEvents`."""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import bindparam, insert

from core.database import Database
from core.transactions import Transaction
from domain.device import Device
from domain.viewer import NOBODY
from models.audit import SecurityEvent

KEPT = timedelta(days=367)
"""A year, and what makes it certain that the database agrees: it refuses to let go of them earlier."""
_NAMES = ("user_id", "kind", "address", "agent", "details")
_RECORD = insert(SecurityEvent).values({name: bindparam(name) for name in _NAMES})


class SecurityEventKind(StrEnum):
    """What may happen to an account."""

    SIGNED_UP = "SIGNED_UP"
    SIGNED_IN = "SIGNED_IN"
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SIGNED_OUT = "SIGNED_OUT"
    SESSION_ENDED = "SESSION_ENDED"
    TOKEN_REPLAYED = "TOKEN_REPLAYED"  # noqa: S105
    EMAIL_VERIFIED = "EMAIL_VERIFIED"
    EMAIL_CHANGE_ASKED = "EMAIL_CHANGE_ASKED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    PASSWORD_RESET_ASKED = "PASSWORD_RESET_ASKED"  # noqa: S105
    TOTP_ADDED = "TOTP_ADDED"
    TOTP_REMOVED = "TOTP_REMOVED"
    RECOVERY_CODES_MADE = "RECOVERY_CODES_MADE"
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED"
    PASSKEY_ADDED = "PASSKEY_ADDED"
    PASSKEY_REMOVED = "PASSKEY_REMOVED"
    IDENTITY_LINKED = "IDENTITY_LINKED"
    IDENTITY_UNLINKED = "IDENTITY_UNLINKED"
    APP_AUTHORIZED = "APP_AUTHORIZED"
    APP_DEAUTHORIZED = "APP_DEAUTHORIZED"
    APP_CREATED = "APP_CREATED"
    APP_CHANGED = "APP_CHANGED"
    APP_SECRET_ROTATED = "APP_SECRET_ROTATED"  # noqa: S105
    APP_DELETED = "APP_DELETED"
    PERSONAL_TOKEN_MADE = "PERSONAL_TOKEN_MADE"  # noqa: S105
    PERSONAL_TOKEN_REVOKED = "PERSONAL_TOKEN_REVOKED"  # noqa: S105
    ROLE_CHANGED = "ROLE_CHANGED"
    SUSPENDED = "SUSPENDED"
    REINSTATED = "REINSTATED"
    CONTENT_REMOVED = "CONTENT_REMOVED"
    MODERATED = "MODERATED"


def record(
    tx: Transaction, user_id: int, kind: SecurityEventKind, device: Device | None = None, **details: str | int
) -> None:
    """Put down what happens to somebody, in the transaction that does it. `details` hold nothing secret."""
    address, agent = (device.address, device.name) if device else (None, None)
    tx.later(_RECORD, user_id=user_id, kind=kind, address=address, agent=agent, details=details)


async def record_failure(db: Database, user_id: int | None, device: Device) -> None:
    """Put down that somebody couldn't sign in: as nobody where there is no such account, which takes as long."""
    async with db.write() as tx:
        record(tx, user_id or NOBODY, SecurityEventKind.SIGN_IN_FAILED, device)


def moderated(
    tx: Transaction, moderator_id: int, action: str, target: str, device: Device | None, **details: str | int
) -> None:
    """Put down what somebody did by their role, in their own log."""
    record(tx, moderator_id, SecurityEventKind.MODERATED, device, action=action, target=target, **details)


def removed(tx: Transaction, moderator_id: int, author_id: int, target: str, device: Device | None) -> None:
    """Put down that a moderator deleted what somebody wrote, in both people's logs."""
    record(tx, author_id, SecurityEventKind.CONTENT_REMOVED, target=target)
    moderated(tx, moderator_id, "deleted", target, device)
