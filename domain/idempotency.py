"""Mutations that a client may send twice: for a day, its own id of a mutation gives the first answer again."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Interval, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.errors import Conflict, InvalidInput
from core.transactions import Transaction
from models.outbox import IdempotencyKey

KEPT = timedelta(days=1)
LONGEST = 100

_IS_MINE = (IdempotencyKey.user_id == bindparam("me"), IdempotencyKey.key == bindparam("mine"))
_row = insert(IdempotencyKey).values(
    user_id=bindparam("me"), key=bindparam("mine"), digest=bindparam("digest"), result_id=0
)
_CLAIM = _row.on_conflict_do_update(
    index_elements=["user_id", "key"],
    set_={"digest": _row.excluded.digest, "created_at": func.now()},
    where=IdempotencyKey.created_at < func.now() - cast(KEPT, Interval),
).returning(IdempotencyKey.user_id)
_FOUND = select(IdempotencyKey).where(*_IS_MINE)
_REMEMBER = update(IdempotencyKey).where(*_IS_MINE).values(result_id=bindparam("result"))


@dataclass(frozen=True, slots=True)
class Once:
    """One mutation of one user, by the client's id of it; without an id, every call counts."""

    user_id: int
    key: str | None
    digest: bytes

    @classmethod
    def of(cls, user_id: int, key: str | None, *request: object) -> "Once":
        """`request` is what must be the same for the same key. Raises InvalidInput."""
        if key is not None and not (0 < len(key) <= LONGEST and key.isprintable()):
            message = f"1–{LONGEST} printable characters, e.g. a UUID."
            raise InvalidInput.at("input", "clientMutationId", message=message)
        return cls(user_id, key, hashlib.sha256(repr(request).encode()).digest())

    async def earlier(self, tx: Transaction) -> int | None:
        """The id of what an earlier call made; None, and the key is ours, where there was none. Raises Conflict."""
        if self.key is None:
            return None
        if await tx.rows(_CLAIM, me=self.user_id, mine=self.key, digest=self.digest):
            return None
        found = await tx.first(_FOUND, me=self.user_id, mine=self.key)
        if found is None or found.digest != self.digest:
            raise Conflict("This clientMutationId was used for another input: send a new one.")
        return int(found.result_id)

    def remember(self, tx: Transaction, result_id: int) -> None:
        """Keep what this call made, to be committed with it."""
        if self.key is not None:
            tx.later(_REMEMBER, me=self.user_id, mine=self.key, result=result_id)
