"""What somebody signs in with. Nobody else's is anybody's business."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Select, bindparam, func, or_, select

from core.database import Database
from domain.viewer import Viewer
from domain.visibility import VIEWER
from loaders.base import ANY_KEY, BatchLoader, RowLoader
from models.factors import Passkey, RecoveryCode, TotpFactor
from models.identities import Identity
from models.sessions import Session, SessionKind
from models.users import Account

LATELY = timedelta(minutes=10)
"""How long after a sign-in nobody is asked once more who they are."""

_SIGNED_IN_LATELY = select(Session.id).where(
    Session.id == bindparam("session", type_=BigInteger),
    or_(Session.kind == SessionKind.API, Session.kind == SessionKind.BROWSER),
    Session.revoked_at.is_(None),
    Session.created_at > bindparam("since", type_=DateTime(timezone=True)),
)
_IDENTITIES = select(Identity).where(Identity.user_id == ANY_KEY, Identity.user_id == VIEWER).order_by(Identity.id)
_PASSKEYS = select(Passkey).where(Passkey.user_id == ANY_KEY, Passkey.user_id == VIEWER).order_by(Passkey.id)
_CODES = select(func.count()).where(RecoveryCode.user_id == Account.user_id).scalar_subquery()
_TOTP = select(TotpFactor.user_id).where(TotpFactor.user_id == Account.user_id, TotpFactor.confirmed_at.isnot(None))


class FactorsOfViewer(RowLoader[Any]):
    """Which factors the viewer has, by the viewer's id; None for whoever else it may be."""

    key = "user_id"
    statement = select(
        Account.user_id,
        Account.password_hash.isnot(None).label("has_password"),
        _TOTP.exists().label("has_totp"),
        _CODES.label("recovery_codes_left"),
    ).where(Account.user_id == ANY_KEY, Account.user_id == VIEWER)


class OwnRows(BatchLoader[int, list[Any]]):
    """All rows of the viewer, the oldest first; of whoever else, none."""

    statement: ClassVar[Select[Any]]

    async def batch_load_fn(self, keys: list[int]) -> list[list[Any]]:
        """One statement, as there is one viewer."""
        rows = await self.read(self.statement, keys=keys)
        return [[row for row in rows if row.user_id == key] for key in keys]


class PasskeysOfViewer(OwnRows):
    """The viewer's passkeys."""

    statement = _PASSKEYS


class IdentitiesOfViewer(OwnRows):
    """Who the viewer is elsewhere."""

    statement = _IDENTITIES


async def signed_in_lately(db: Database, viewer: Viewer) -> bool:
    """Whether the viewer's session began just now, by the person's own sign-in. Raises Unavailable."""
    since = datetime.now(UTC) - LATELY
    return bool(await db.read(_SIGNED_IN_LATELY, session=viewer.session_id, since=since))
