"""What people show beside a password, or in its stead."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UserKey


class TotpFactor(Base):
    """The secret that somebody's authenticator app makes codes of (RFC 6238). Asked for once it is confirmed."""

    __tablename__ = "totp_factors"

    user_id: Mapped[UserKey]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int]
    """The time step of the newest code that was used: it, and what is older, is no longer good."""
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code for who has lost the app, by its SHA-256. It goes when it is used."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UserKey]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
