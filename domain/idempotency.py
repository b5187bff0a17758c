"""Mutations that a client may send twice: for a day, its own id of a mutation gives the first answer again."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.database import Transaction
from core.errors import Conflict, InvalidInput
from models.outbox import IdempotencyKey

KEPT = timedelta(days=1)
LONGEST = 100


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
        row = insert(IdempotencyKey).values(user_id=self.user_id, key=self.key, digest=self.digest, result_id=0)
        claim = row.on_conflict_do_update(
            index_elements=["user_id", "key"],
            set_={"digest": row.excluded.digest, "created_at": func.now()},
            where=IdempotencyKey.created_at < func.now() - KEPT,
        ).returning(IdempotencyKey.user_id)
        if await tx.change(claim):
            return None
        found = await tx.first(select(IdempotencyKey).where(*self._is_mine()))
        if found is None or found.digest != self.digest:
            raise Conflict("This clientMutationId was used for another input: send a new one.")
        return int(found.result_id)

    async def remember(self, tx: Transaction, result_id: int) -> None:
        """Keep what this call made, to be committed with it."""
        if self.key is not None:
            await tx.execute(update(IdempotencyKey).where(*self._is_mine()).values(result_id=result_id))

    def _is_mine(self) -> tuple[ColumnElement[bool], ...]:
        return (IdempotencyKey.user_id == self.user_id, IdempotencyKey.key == self.key)
