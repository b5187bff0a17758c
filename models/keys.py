"""The keys that tokens are signed with."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt


class SigningKey(Base):
    """A key pair. It signs from a moment on, until a newer one does, and verifies as long as its tokens last."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    """Its thumbprint (RFC 7638)."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The private key as JWK, sealed: see core/sealing.py."""
    created_at: Mapped[CreatedAt]
    signs_from: Mapped[datetime]
    verifies_until: Mapped[datetime | None]
    """None until a newer one takes over."""
