"""Links in e-mails, by which people show that an address is theirs."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, UserRef


class AccountLink(Base):
    """A link by the SHA-256 of its token. It goes when it is used."""

    __tablename__ = "account_links"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UserRef] = mapped_column(index=True)
    purpose: Mapped[str]
    email: Mapped[str]
    """The address that it was sent to, or that it brings back."""
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint(
            "purpose in ('VERIFY_EMAIL', 'CHANGE_EMAIL', 'UNDO_EMAIL_CHANGE', 'RESET_PASSWORD')", name="purpose"
        ),
    )
