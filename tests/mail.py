"""What people get by e-mail, as tests read it: straight from the database, sent or not."""

import re
from dataclasses import dataclass

from sqlalchemy import select

from core.database import Database
from domain import letters
from domain.letters import Opened
from models.letters import Letter

_ALL = select(Letter).where(Letter.sealed.isnot(None)).order_by(Letter.id)


@dataclass
class Post:
    """Everybody's letters."""

    db: Database

    async def to(self, address: str) -> list[Opened]:
        """What was written to an address, the oldest first."""
        opened = map(letters._open, await self.db.read(_ALL))
        return [letter for letter in opened if letter.to == address]

    async def link(self, address: str, template: str) -> str:
        """The link of the newest letter of that kind to an address."""
        return next(each.values["link"] for each in reversed(await self.to(address)) if each.template == template)

    async def token(self, address: str, template: str) -> str:
        """That link's token."""
        found = re.search(r"token=([\w-]+)", await self.link(address, template))
        assert found
        return found[1]
