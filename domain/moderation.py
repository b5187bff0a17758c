"""What moderators do to people: suspend, reinstate, give a role. Each is put down in both people's logs."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select, update

from core.database import Database
from core.errors import Forbidden, InvalidInput, NotFound
from core.ids import encode
from core.transactions import Transaction
from domain import audit, events
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.permissions import RANKS, Permission, require
from domain.text import clean
from domain.viewer import Suspension, Viewer
from models.users import Account, Role, User

LONGEST_REASON = 500

_IS_IT = Account.user_id == bindparam("id", type_=BigInteger)
_STANDING = select(
    Account.suspended_at, Account.suspended_until, Account.suspension_reason, Account.password_version
).where(_IS_IT)
_SHARED = _STANDING.with_for_update(read=True)
_HELD = select(Account).where(_IS_IT).with_for_update()
_USER = select(User).where(User.id == bindparam("id", type_=BigInteger))
_BY_HANDLE = select(User).where(User.handle == bindparam("handle"))
_SUSPEND = (
    update(Account)
    .where(_IS_IT)
    .values(suspended_at=func.now(), suspended_until=bindparam("until"), suspension_reason=bindparam("reason"))
)
_REINSTATE = update(Account).where(_IS_IT).values(suspended_at=None, suspended_until=None, suspension_reason=None)
_SET_ROLE = update(Account).where(_IS_IT).values(role=bindparam("role"))


async def refuse_suspended(tx: Transaction, user_id: int) -> None:
    """Let nobody in whose account is suspended. Raises Suspended."""
    refuse(await tx.first(_STANDING, id=user_id))


async def is_suspended(tx: Transaction, user_id: int | None) -> bool:
    """Whether somebody's account is suspended; nobody's is not."""
    account = await tx.first(_STANDING, id=user_id)
    return account is not None and Suspension.of(account) is not None


def refuse(account: Any | None) -> None:
    """The same for an account's row. Raises Suspended."""
    if account and (suspension := Suspension.of(account)):
        suspension.refuse()


async def hold(tx: Transaction, user_id: int) -> Any | None:
    """Somebody's account, which nobody changes until the transaction ends."""
    return await tx.first(_SHARED, id=user_id)


async def suspend(
    db: Database, viewer: Viewer, user_id: int, *, reason: str, until: datetime | None, device: Device | None = None
) -> User:
    """Suspend somebody, or change why and until when. Raises NotSignedIn, Forbidden, InvalidInput, NotFound."""
    me = require(viewer, Permission.SUSPEND)
    reason = clean(reason, LONGEST_REASON, "input", "reason")
    if until is not None and (until.tzinfo is None or until <= datetime.now(UTC)):
        raise InvalidInput.at("input", "until", message="A moment that is still to come, with its time zone.")
    end = until.isoformat() if until else "reinstated"
    async with db.write() as tx:
        user = await _below(tx, viewer, user_id)
        tx.later(_SUSPEND, id=user_id, until=until, reason=reason)
        audit.record(tx, user_id, SecurityEventKind.SUSPENDED, reason=reason, until=end)
        audit.moderated(tx, me, "suspended", encode("user", user_id), device, reason=reason, until=end)
        events.record(tx, events.AccountChanged(user_id))
    return user


async def reinstate(db: Database, viewer: Viewer, user_id: int, device: Device | None = None) -> User:
    """End a suspension; there needn't be one. Raises NotSignedIn, Forbidden, NotFound."""
    me = require(viewer, Permission.SUSPEND)
    async with db.write() as tx:
        user = await _below(tx, viewer, user_id)
        tx.later(_REINSTATE, id=user_id)
        audit.record(tx, user_id, SecurityEventKind.REINSTATED)
        audit.moderated(tx, me, "reinstated", encode("user", user_id), device)
        events.record(tx, events.AccountChanged(user_id))
    return user


async def set_role(db: Database, viewer: Viewer, user_id: int, role: Role, device: Device | None = None) -> User:
    """Give somebody else a role. Raises NotSignedIn, Forbidden, NotFound."""
    me = require(viewer, Permission.CHANGE_ROLES)
    if user_id == me:
        raise Forbidden("Nobody changes their own role: so there is always an admin left.")
    async with db.write() as tx:
        await _held(tx, user_id)
        audit.moderated(tx, me, "gave a role", encode("user", user_id), device, role=role)
        return await _appoint(tx, user_id, role)


async def appoint(db: Database, handle: str, role: Role) -> User:
    """Give somebody a role from outside, as the first admin gets theirs. Raises NotFound."""
    async with db.write() as tx:
        user = await tx.first(_BY_HANDLE, handle=handle)
        if user is None:
            raise NotFound("user")
        await _held(tx, user.id)
        return await _appoint(tx, user.id, role)


async def _appoint(tx: Transaction, user_id: int, role: Role) -> User:
    tx.later(_SET_ROLE, id=user_id, role=role)
    audit.record(tx, user_id, SecurityEventKind.ROLE_CHANGED, role=role)
    events.record(tx, events.AccountChanged(user_id))
    return (await tx.rows(_USER, id=user_id))[0]  # type: ignore[no-any-return]


async def _below(tx: Transaction, viewer: Viewer, user_id: int) -> User:
    """Somebody with less of a role than the viewer's, held. Blocks hide nobody from a moderator."""
    account = await _held(tx, user_id)
    if RANKS.index(account.role) >= RANKS.index(viewer.role):
        raise Forbidden("Only those with less of a role than yours.")
    return (await tx.rows(_USER, id=user_id))[0]  # type: ignore[no-any-return]


async def _held(tx: Transaction, user_id: int) -> Any:
    account = await tx.first(_HELD, id=user_id)
    if account is None:
        raise NotFound("user")
    return account
