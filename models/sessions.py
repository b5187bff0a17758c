"""What lets somebody call the API: sessions, and the refresh tokens that carry them on."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id


class SessionKind(StrEnum):
    """How a session shows what it is."""

    API = "API"
    """Access and refresh tokens, of somebody who signed in through the API."""
    BROWSER = "BROWSER"
    """A cookie."""
    APP = "APP"
    """Access and refresh tokens, of an app to which somebody lent rights."""
    PERSONAL = "PERSONAL"
    """A token that somebody made for a program of their own."""


SIGN_INS = SessionKind.API, SessionKind.BROWSER
"""Those of people themselves."""


class Session(Base):
    """One chain of tokens. Each of them names it; ending it ends them all."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    """None where an app acts for itself."""
    kind: Mapped[str] = mapped_column(server_default=text("'API'"))
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """What it may be used for; None: for everything."""
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    """The SHA-256 of a cookie's or a personal token's secret."""
    app_id: Mapped[int | None] = mapped_column(ForeignKey("apps.id", ondelete="SET NULL"), index=True)
    """The app that has it."""
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("grants.id", ondelete="SET NULL"), index=True)
    jkt: Mapped[str | None]
    """The thumbprint of the key that its refresh tokens are bound to, RFC 9449, section 5: of apps without a secret."""
    name: Mapped[str | None]
    """What the person calls a token of their own."""
    address: Mapped[str | None]
    agent: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(index=True)

    __table_args__ = (CheckConstraint("kind in ('API', 'BROWSER', 'APP', 'PERSONAL')", name="kind"),)


class RefreshToken(Base):
    """A refresh token by its SHA-256. Used ones stay until they expire, so that a replay is recognised."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
