"""People: the public profile, the private account beside it, and their counters."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Computed, Index, func, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Count, CreatedAt, Id, Slot, UserKey


class Role(StrEnum):
    """What somebody is to everybody else: see domain/permissions.py."""

    USER = "USER"
    MODERATOR = "MODERATOR"
    ADMIN = "ADMIN"


class User(Base):
    """What others may see of a person."""

    __tablename__ = "users"

    id: Mapped[Id]
    handle: Mapped[str] = mapped_column(unique=True)
    """Lower case, 2–30 of a–z 0–9 _."""
    name: Mapped[str]
    bio: Mapped[str | None]
    avatar_url: Mapped[str | None]
    is_private: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    search: Mapped[str] = mapped_column(Computed("lower(handle || ' ' || name)", persisted=True), deferred=True)

    __table_args__ = (
        CheckConstraint("handle = lower(handle)", name="handle_lower"),
        Index(
            "users_search_idx",
            "search",
            postgresql_using="gin",
            postgresql_ops={"search": "gin_trgm_ops"},
        ),
    )


class Account(Base):
    """What only the person and the sign-in know. Apart from `users`, so that no profile read can carry it along."""

    __tablename__ = "accounts"

    user_id: Mapped[UserKey]
    email: Mapped[str]
    """Unique once it is verified: until then anybody may claim it."""
    email_verified_at: Mapped[datetime | None]
    password_hash: Mapped[str | None]
    """None for those who sign in otherwise."""
    password_version: Mapped[int] = mapped_column(server_default=text("0"))
    """How often it was changed: who signs in with one must find it unchanged when the session begins."""
    role: Mapped[str] = mapped_column(server_default=text("'USER'"))
    suspended_at: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]
    """None with `suspended_at`: for good."""
    suspension_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("role in ('USER', 'MODERATOR', 'ADMIN')", name="role"),
        Index("accounts_suspended_idx", "user_id", postgresql_where=text("suspended_at is not null")),
        Index(
            "accounts_verified_email_key",
            func.lower(literal_column("email")),
            unique=True,
            postgresql_where=text("email_verified_at IS NOT NULL"),
        ),
    )


class UserCounter(Base):
    """Counts of a person, in slots."""

    __tablename__ = "user_counters"

    user_id: Mapped[UserKey]
    slot: Mapped[Slot]
    public_posts: Mapped[Count]
    follower_posts: Mapped[Count]
    followers: Mapped[Count]
    following: Mapped[Count]
