"""Apps that others write, what people lend them, and the codes by which they come to have it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, UserRef


class App(Base):
    """A client of the authorization server, RFC 6749, section 2."""

    __tablename__ = "apps"

    id: Mapped[Id]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    """None: it registered itself, RFC 7591."""
    name: Mapped[str]
    website: Mapped[str | None]
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The most that it may ask for."""
    grant_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    auth_method: Mapped[str]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The SHA-256 of its secret; None where it can't keep one."""
    previous_secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret_until: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """When it first got a token."""
    dpop_bound: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it wants no tokens but those that are bound to a key, RFC 9449, section 5.2."""
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("auth_method in ('none', 'client_secret_basic', 'client_secret_post')", name="auth_method"),
        CheckConstraint("(auth_method = 'none') = (secret_hash is null)", name="secret"),
    )


class Grant(Base):
    """What somebody lends an app: asked once, in force until they end it. Each sign-in by it is a session."""

    __tablename__ = "grants"

    id: Mapped[Id]
    app_id: Mapped[int] = mapped_column(ForeignKey("apps.id", ondelete="CASCADE"))
    user_id: Mapped[UserRef] = mapped_column(index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("app_id", "user_id"),)


class AuthorizationCode(Base):
    """A code by its SHA-256. Used ones stay until they expire, so that a replay is recognised."""

    __tablename__ = "authorization_codes"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    redirect_uri: Mapped[str | None]
    """As the request had it; None where it had none."""
    challenge: Mapped[str]
    """RFC 7636, S256."""
    jkt: Mapped[str | None]
    """The thumbprint of the key that it is bound to, RFC 9449, section 10."""
    nonce: Mapped[str | None]
    authenticated_at: Mapped[datetime]
    """When the person signed in."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    """What it was traded for, and what its replay ends."""


class DeviceCode(Base):
    """A device that waits for somebody to type its user code elsewhere, RFC 8628. Gone once it has its tokens."""

    __tablename__ = "device_codes"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    app_id: Mapped[int] = mapped_column(ForeignKey("apps.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """What is asked for, and then what was allowed."""
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("grants.id", ondelete="CASCADE"), index=True)
    """Set: somebody allowed it."""
    authenticated_at: Mapped[datetime | None]
    denied_at: Mapped[datetime | None]
    interval: Mapped[int] = mapped_column(server_default=text("5"))
    """Seconds between two questions of the device."""
    polled_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
