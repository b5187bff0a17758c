"""Who people are elsewhere."""

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, UserRef


class Identity(Base):
    """Somebody, as another provider knows them: by its own name for itself, and its own for them. Never by e-mail."""

    __tablename__ = "identities"

    id: Mapped[Id]
    user_id: Mapped[UserRef] = mapped_column(index=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    provider: Mapped[str]
    """What people know it as."""
    label: Mapped[str]
    """What they are called there, as of when it was linked."""
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("issuer", "subject"),)
