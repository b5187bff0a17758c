"""Sign-ins that last, and the refresh tokens that carry them on."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, UserRef


class Session(Base):
    """One sign-in of one person. Its access tokens name it; ending it ends them."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    user_id: Mapped[UserRef] = mapped_column(index=True)
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None] = mapped_column(index=True)


class RefreshToken(Base):
    """A refresh token by its SHA-256. Used ones stay until they expire, so that a replay is recognised."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
