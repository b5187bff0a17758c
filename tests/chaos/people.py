"""Who takes part: made in the database, and signed in with tokens of the servers' own secret."""

from dataclasses import dataclass
from itertools import count
from uuid import uuid4

from auth import tokens
from auth.keys import ring
from core.database import Database
from core.ids import encode
from domain import follows, sessions
from domain.viewer import Viewer
from models.users import User
from tests.chaos.engines import Engines

_numbers = count(1)
_run = uuid4().hex[:8]


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    viewer: Viewer
    token: str

    @property
    def number(self) -> int:
        """The id as the database has it."""
        return self.viewer.require_user()

    @property
    def id(self) -> str:
        """The id as clients have it."""
        return encode("user", self.number)


class People:
    """Makes people and what is between them, without asking the servers."""

    def __init__(self, engines: Engines) -> None:
        self.db = Database(engines.database_url)

    async def __aenter__(self) -> "People":
        await self.db.open()
        await ring.load(self.db)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.db.close()

    async def make(self, number: int) -> list[Person]:
        """So many people, each signed in."""
        async with self.db.write() as tx:
            users = [await tx.insert(User, handle=f"{_run}_{next(_numbers)}", name="Somebody") for _ in range(number)]
            opened = [await sessions.begin(tx, sessions.Known(user.id)) for user in users]
        return [
            Person(Viewer(each.user_id, each.session_id), tokens.issue(each.user_id, each.session_id))
            for each in opened
        ]

    async def follow(self, followers: list[Person], followees: list[Person]) -> None:
        """Everybody of the former follows everybody of the latter."""
        for follower in followers:
            for followee in followees:
                await follows.follow(self.db, follower.viewer, followee.number)
