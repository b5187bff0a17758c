"""E-mail addresses: whose they are, which only who reads what is sent there can show.

An address that isn't verified is a claim: it signs nobody in, gets nobody a new password, and keeps nobody else from
claiming it. So nobody learns, by claiming it, whether it is somebody's: see ADR 31.
"""

from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import BigInteger, Select, Text, bindparam, func, select, update

from core.database import Database
from core.errors import InvalidInput, NotSignedIn
from core.transactions import Transaction
from domain import audit, endings, grants, letters, links, sessions
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.links import Purpose
from domain.viewer import Viewer
from models.links import AccountLink
from models.users import Account, User

_OF = Account.user_id == bindparam("user_id", type_=BigInteger)
_SHOWN: tuple[Any, ...] = Account.user_id, Account.email, Account.email_verified_at, User.handle, User.name
_PERSON: Select[Any] = select(*_SHOWN).join(User, User.id == Account.user_id)
_ME = _PERSON.where(_OF)
_WITH_PASSWORD: Select[Any] = _ME.add_columns(Account.password_hash, Account.password_version)
_HELD = _ME.with_for_update(of=Account)
_OWNER = _PERSON.where(
    func.lower(Account.email) == func.lower(bindparam("email", type_=Text)), Account.email_verified_at.isnot(None)
)
_SET = update(Account).where(_OF).values(email=bindparam("email"), email_verified_at=func.now())


async def of(db: Database, viewer: Viewer) -> Any:
    """The viewer's account: its address, since when that is verified, handle and name. Raises NotSignedIn."""
    return await _of(db, viewer, _ME)


async def with_password(db: Database, viewer: Viewer) -> Any:
    """The same with the password's hash and version, for who compares one. Raises NotSignedIn."""
    return await _of(db, viewer, _WITH_PASSWORD)


async def _of(db: Database, viewer: Viewer, statement: Select[Any]) -> Any:
    rows = await db.read(statement, user_id=viewer.require_user())
    if not rows:
        raise NotSignedIn
    return rows[0]


async def owner(tx: Transaction, email: str) -> Any | None:
    """Whose verified address it is."""
    return await tx.first(_OWNER, email=email)


async def claim(tx: Transaction, purpose: Purpose, *, user_id: int, handle: str, email: str) -> None:
    """Ask at an address whether it is this person's; tell its owner instead, where somebody has it.

    Both take the same statements, and so the same time.
    """
    known = await owner(tx, email)
    link = links.make(tx, purpose, user_id, email)
    if known is not None and known.user_id != user_id:
        await letters.send(tx, "address_taken", to=email, handle=known.handle)
    elif purpose is Purpose.VERIFY_EMAIL:
        await letters.send(tx, "verify_email", to=email, handle=handle, link=link)
    else:
        await letters.send(tx, "confirm_new_email", to=email, handle=handle, link=link)


async def ask_again(db: Database, viewer: Viewer) -> None:
    """Send the viewer another letter to confirm the address by. Raises NotSignedIn, InvalidInput."""
    me = viewer.require_user()
    async with db.write() as tx:
        person = await tx.first(_HELD, user_id=me)
        if person is None:
            raise NotSignedIn
        if person.email_verified_at:
            raise InvalidInput.at("input", message="Your address is confirmed already.")
        await claim(tx, Purpose.VERIFY_EMAIL, user_id=me, handle=person.handle, email=person.email)


async def change(db: Database, viewer: Viewer, email: str, device: Device) -> None:
    """Ask at a new address whether it is the viewer's; until it says so, nothing changes. Raises NotSignedIn."""
    me = viewer.require_user()
    async with db.write() as tx:
        person = await tx.first(_HELD, user_id=me)
        if person is None or not await sessions.goes_on(tx, me, viewer.session_id):
            raise NotSignedIn
        await claim(tx, Purpose.CHANGE_EMAIL, user_id=me, handle=person.handle, email=email)
        audit.record(tx, me, SecurityEventKind.EMAIL_CHANGE_ASKED, device)


async def use(db: Database, token: str, device: Device) -> int:
    """Do what a link about an address says, and return whose it is. Raises InvalidInput."""
    async with db.write() as tx:
        link = await links.take(tx, token, *links.ABOUT_ADDRESSES)
        person = await tx.first(_HELD, user_id=link.user_id)
        if person is None or (link.purpose == Purpose.VERIFY_EMAIL and link.email != person.email):
            raise links.no_longer_good()
        await _set(tx, link)
        if link.purpose == Purpose.UNDO_EMAIL_CHANGE:
            await _undo(tx, link, person, device)
        else:
            await _confirm(tx, link, person, device)
    return link.user_id


async def _set(tx: Transaction, link: AccountLink) -> None:
    try:
        await tx.rows(_SET, user_id=link.user_id, email=link.email)
    except UniqueViolation as error:
        raise InvalidInput.at("input", "token", message="Another account has this address already.") from error


async def _confirm(tx: Transaction, link: AccountLink, person: Any, device: Device) -> None:
    links.void(tx, link.user_id, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL, Purpose.RESET_PASSWORD)
    is_new = link.email.lower() != person.email.lower()
    kind = SecurityEventKind.EMAIL_CHANGED if is_new else SecurityEventKind.EMAIL_VERIFIED
    audit.record(tx, link.user_id, kind, device)
    if is_new and person.email_verified_at:
        undo = links.make(tx, Purpose.UNDO_EMAIL_CHANGE, link.user_id, person.email)
        await letters.send(tx, "email_changed", to=person.email, handle=person.handle, link=undo)


async def _undo(tx: Transaction, link: AccountLink, person: Any, device: Device) -> None:
    """Somebody else may have changed it, and have changed it since: end all that they may have got by that.

    An undo of an earlier change stays good. Else who changed the address twice could undo their own second change,
    and so keep the owner from undoing the first.
    """
    links.void(tx, link.user_id, Purpose.UNDO_EMAIL_CHANGE, since=link.created_at)
    links.void(tx, link.user_id, *set(Purpose) - {Purpose.UNDO_EMAIL_CHANGE})
    grants.void(tx, link.user_id)
    await endings.end_all(tx, link.user_id, device)
    audit.record(tx, link.user_id, SecurityEventKind.EMAIL_CHANGED, device, undone=1)
    reset = links.make(tx, Purpose.RESET_PASSWORD, link.user_id, link.email)
    await letters.send(tx, "reset_password", to=link.email, handle=person.handle, link=reset)
