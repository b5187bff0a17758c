"""What happened, for whoever must hear of it; and which requests were answered before."""

from typing import Any

from sqlalchemy import Identity, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, UserKey


class OutboxEvent(Base):
    """An event, written in the transaction of the change it tells of. Ids only, never content."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    seq: Mapped[int | None] = mapped_column(unique=True)
    """Dense, in commit order; given by the relay."""
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("outbox_unsequenced_idx", "id", postgresql_where=text("seq IS NULL")),)


class Stream(Base):
    """The history that sequence numbers belong to: one row per shard."""

    __tablename__ = "streams"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    history: Mapped[str] = mapped_column(server_default=text("left(md5(gen_random_uuid()::text), 8)"))
    """Tells this history's cursors from those of another database."""
    last_seq: Mapped[int] = mapped_column(server_default=text("0"))


class IdempotencyKey(Base):
    """A client's own id of a mutation, and what the mutation made. Kept for a day."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[UserKey]
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the mutation and its input: the same key with another input is a conflict."""
    result_id: Mapped[int]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
