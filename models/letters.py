"""E-mails on their way."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id


class Letter(Base):
    """An e-mail to one address. What it says is sealed, and forgotten when a mail server has it."""

    __tablename__ = "letters"

    id: Mapped[Id]
    template: Mapped[str]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The address, and the values that the template is filled with: links among them, which are secrets."""
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[datetime | None]
    """When it was handed over: who has the job once more knows that there is nothing to do."""

    __table_args__ = (Index("letters_kept_idx", "id", postgresql_where=text("sealed IS NOT NULL")),)
