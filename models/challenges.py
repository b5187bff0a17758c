"""What somebody was asked and has yet to answer, e.g. a second factor."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Challenge(Base):
    """A challenge by the SHA-256 of its token. It goes when it is answered."""

    __tablename__ = "challenges"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    """Who may answer; None: whoever can."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the answer is compared with, where that isn't kept elsewhere."""
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    expires_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint(
            "purpose in ('SIGN_IN', 'PASSKEY_ADD', 'PASSKEY_USE', 'EXTERNAL', 'JOIN', 'PUSHED', 'OPENED')",
            name="purpose",
        ),
    )
