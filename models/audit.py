"""What happened to people's accounts: rows are added, and never changed."""

from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id


class SecurityEvent(Base):
    """Something that its person may want to know of. The database refuses to change it."""

    __tablename__ = "security_events"

    id: Mapped[Id]
    user_id: Mapped[int]
    """No foreign key: what happened stays known when the person is gone."""
    kind: Mapped[str]
    address: Mapped[str | None]
    agent: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("security_events_user_id_id_idx", "user_id", "id"),)
