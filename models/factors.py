"""What people show beside a password, or in its stead."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, UserKey, UserRef


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


class Passkey(Base):
    """A key pair of somebody's (WebAuthn), of which we have the public key."""

    __tablename__ = "passkeys"

    id: Mapped[Id]
    user_id: Mapped[UserRef] = mapped_column(index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """As COSE has it (RFC 9052)."""
    sign_count: Mapped[int]
    """How often the authenticator says that it was used; one that goes back was copied. Most say 0 for ever."""
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """How browsers reach it, as they say."""
    name: Mapped[str]
    is_synced: Mapped[bool]
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
