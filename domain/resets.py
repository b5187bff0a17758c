"""A new password for who has forgotten theirs, or wants another.

That somebody asked is put into the queue, whoever it is about; a worker looks who that is. So asking takes as long for
an address that nobody has, and gets the same answer.
"""

from base64 import b64decode, b64encode

import orjson
from sqlalchemy import BigInteger, bindparam, select, update

from core.database import Database
from core.errors import NotSignedIn
from core.sealing import seal, unseal
from core.transactions import Transaction
from domain import addresses, audit, challenges, endings, grants, jobs, letters, links
from domain.audit import SecurityEventKind
from domain.device import Device
from domain.links import Purpose
from domain.viewer import Viewer
from models.sessions import SIGN_INS
from models.users import Account, User

ASKED = "resets:asked"
"""The job that looks who an address is."""
_SEALED_FOR = "reset"

_OF = Account.user_id == bindparam("user_id", type_=BigInteger)
_HELD = select(Account.password_version).where(_OF).with_for_update()
_SET = (
    update(Account)
    .where(_OF)
    .values(password_hash=bindparam("password_hash"), password_version=Account.password_version + 1)
)
_REACHED = (
    select(Account.email, Account.email_verified_at, User.handle).join(User, User.id == Account.user_id).where(_OF)
)


async def ask(db: Database, email: str, device: Device) -> None:
    """Have a letter written to an address, if it is somebody's."""
    sealed = b64encode(seal(orjson.dumps([email, *device]), _SEALED_FOR)).decode()
    async with db.write() as tx:
        jobs.defer(tx, ASKED, sealed=sealed)


async def answer(db: Database, sealed: str) -> None:
    """Write to whose verified address it is; to nobody else. Done twice, there are two links. Raises Unavailable."""
    email, *device = orjson.loads(unseal(b64decode(sealed), _SEALED_FOR))
    async with db.write() as tx:
        person = await addresses.owner(tx, email)
        if person is None:
            return
        link = links.make(tx, Purpose.RESET_PASSWORD, person.user_id, person.email)
        await letters.send(tx, "reset_password", to=person.email, handle=person.handle, link=link)
        audit.record(tx, person.user_id, SecurityEventKind.PASSWORD_RESET_ASKED, Device(*device))


async def reset(db: Database, token: str, password_hash: str, device: Device) -> int:
    """Use a link for another password, and end all sessions, apps' and tokens' too. Raises InvalidInput.

    What was begun before, and would let somebody in, ends first or finds that it was too late.
    """
    async with db.write() as tx:
        link = await links.take(tx, token, Purpose.RESET_PASSWORD)
        grants.void(tx, link.user_id)
        links.void(tx, link.user_id, Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)
        await endings.end_all(tx, link.user_id, device)
        await _set(tx, link.user_id, password_hash, device)
    return link.user_id


async def change(db: Database, viewer: Viewer, password_hash: str, device: Device, *, instead_of: int) -> None:
    """Another password for the viewer, `instead_of` that of a version; other sign-ins end, apps and tokens stay.

    Raises NotSignedIn, also where the password was changed meanwhile.
    """
    me = viewer.require_user()
    async with db.write() as tx:
        account = await tx.first(_HELD, user_id=me)
        if account is None or account.password_version != instead_of:
            raise NotSignedIn
        links.void(tx, me, Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)
        await endings.end_all(tx, me, device, but=viewer.session_id, kinds=SIGN_INS)
        await _set(tx, me, password_hash, device)


async def _set(tx: Transaction, user_id: int, password_hash: str, device: Device) -> None:
    challenges.void(tx, user_id)
    tx.later(_SET, user_id=user_id, password_hash=password_hash)
    audit.record(tx, user_id, SecurityEventKind.PASSWORD_CHANGED, device)
    person = await tx.first(_REACHED, user_id=user_id)
    if person is None:
        raise NotSignedIn
    if person.email_verified_at:
        await letters.send(tx, "password_changed", to=person.email, handle=person.handle)
