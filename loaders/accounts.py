"""What only a person knows of the own account."""

from typing import Any

from sqlalchemy import select

from domain.visibility import VIEWER
from loaders.base import ANY_KEY, RowLoader
from models.users import Account

_SHOWN: tuple[Any, ...] = Account.user_id, Account.email, Account.email_verified_at


class AccountOfViewer(RowLoader[Any]):
    """The viewer's account by the viewer's id; None for whoever else it may be."""

    key = "user_id"
    statement = select(*_SHOWN).where(Account.user_id == ANY_KEY, Account.user_id == VIEWER)
