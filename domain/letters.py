"""E-mails, written in the transaction that is the reason for them, and sent by a job.

They greet people by their handle and never by their name: a stranger may sign up with anybody's address, and what
strangers write must not reach it.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson
from sqlalchemy import BigInteger, bindparam, func, null, select, update

from core.database import Database
from core.sealing import seal, unseal
from core.transactions import Transaction
from domain import jobs
from models.letters import Letter

SEND = "letters:send"
"""The job that sends one."""
Template = Literal[
    "verify_email",
    "address_taken",
    "reset_password",
    "password_changed",
    "confirm_new_email",
    "email_changed",
    "security_notice",
]
"""What there is to write: `jobs/letters/` has a file for each."""
TEMPLATES: tuple[Template, ...] = get_args(Template)
PURPOSE = "letter"

_IS_IT = Letter.id == bindparam("id", type_=BigInteger)
_UNSENT = select(Letter).where(_IS_IT, Letter.sent_at.is_(None))
_IS_SENT = update(Letter).where(_IS_IT).values(sent_at=func.now())
_FORGET = update(Letter).where(_IS_IT).values(sealed=null())
_KEPT = select(Letter).where(Letter.sealed.isnot(None), Letter.sent_at.isnot(None)).order_by(Letter.id.desc())
_KEPT_ONE = _KEPT.where(_IS_IT)
_NEWEST = _KEPT.limit(100)


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter that can be read."""

    id: int
    template: Template
    to: str
    values: dict[str, Any]
    created_at: Any


async def send(tx: Transaction, template: Template, *, to: str, **values: str) -> None:
    """Have an e-mail sent to an address once the transaction is committed. `values` fill the template in.

    Take the addressee's handle as `handle`, never somebody's name. A `link` may be secret: everything is sealed.
    """
    sealed = seal(orjson.dumps({"to": to, "values": values}), PURPOSE)
    letter = await tx.insert(Letter, template=template, sealed=sealed)
    jobs.defer(tx, SEND, letter_id=letter.id)


async def unsent(db: Database, letter_id: int) -> Opened | None:
    """A letter that was not handed over yet. Raises Unavailable, Unsealable."""
    return next(iter(map(_open, await db.read(_UNSENT, id=letter_id))), None)


async def mark_sent(db: Database, letter_id: int, *, keep: bool) -> None:
    """A mail server has it, and nobody needs what it says; unless it is to `keep`. Raises Unavailable."""
    async with db.write() as tx:
        tx.later(_IS_SENT, id=letter_id)
        if not keep:
            tx.later(_FORGET, id=letter_id)


async def kept(db: Database) -> list[Opened]:
    """The newest that were kept, the newest first. Raises Unavailable."""
    return list(map(_open, await db.read(_NEWEST)))


async def kept_one(db: Database, letter_id: int) -> Opened | None:
    """One that was kept. Raises Unavailable."""
    return next(iter(map(_open, await db.read(_KEPT_ONE, id=letter_id))), None)


def _open(letter: Letter) -> Opened:
    said = orjson.loads(unseal(letter.sealed or b"", PURPOSE))
    return Opened(letter.id, letter.template, said["to"], said["values"], letter.created_at)  # type: ignore[arg-type]
