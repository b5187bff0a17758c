"""The demo world, on a database that nobody changes, and contexts to look at it."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from core.database import Database
from core.limits import Allowance
from domain.demo import seed_demo
from domain.device import Device
from domain.viewer import Viewer
from loaders.context import Context, Services
from schema.root import schema
from tests.conftest import clone_database, database_at, drop_database
from tests.execution.faults import Faults
from tests.execution.oracle import Oracle

Contexts = Callable[..., Callable[[], Context]]
SERVING = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
UNKNOWN = ["post_1", "user_2", "comment_3", "party_4"]
MALFORMED = ["nonsense", "post_99999999999999999999"]
TEXTS = ["the", "a", "engine", '"the"', "zzzz", "x" * 201]


class Hub:
    """As much of the hub as a query sees."""

    def live_cursor(self) -> str:
        return "live"


class Rereading(Database):
    """Reads each statement with the same parameters once: nothing changes here."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_timeout=10)
        self._seen: dict[Any, list[Any]] = {}

    async def read(self, statement: Any, /, *, prepare: bool = True, **parameters: Any) -> list[Any]:
        key = (id(statement), repr(sorted(parameters.items())))
        if key not in self._seen:
            self._seen[key] = await super().read(statement, prepare=prepare, **parameters)
        return self._seen[key]


@pytest.fixture(scope="session")
def demo_url(servers: tuple[str, str], template: str, worker_number: int) -> Iterator[str]:
    maintenance, _ = servers
    name = f"starling_oracle_{os.getpid()}_{worker_number}"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        clone_database(connection, template, name)
        url = database_at(maintenance, name)
        seed_demo(url, now=SERVING)
        yield url
        drop_database(connection, name)


@pytest.fixture(scope="session")
async def demo(demo_url: str) -> AsyncIterator[Database]:
    """The demo world's database."""
    database = Rereading(demo_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def people(demo: Database) -> dict[str, int]:
    """The people of the demo world, by handle."""
    from sqlalchemy import select

    from models.users import User

    return {row.handle: row.id for row in await demo.read(select(User))}


@pytest.fixture(scope="session")
def contexts(demo: Database, people: dict[str, int]) -> Contexts:
    """Ways to make contexts: of somebody by handle, with loaders that fail now and then if `faults` is a seed."""

    def ways(handle: str | None = None, faults: int | None = None) -> Callable[[], Context]:
        def make() -> Context:
            viewer = Viewer(people[handle], 1) if handle else Viewer()
            context = Context(Services(demo, Hub(), None), viewer, Device("here"), 7, Allowance(100, 93, 1, 0, True))  # type: ignore[arg-type]
            if faults is not None:
                context.loaders = Faults(context.loaders, faults)  # type: ignore[assignment]
            return context

        return make

    return ways


@pytest.fixture(scope="session")
async def values(contexts: Contexts) -> dict[str, list[Any]]:
    """What arguments may be, by their type: what is there, what isn't, and nonsense."""
    ask = Oracle(schema._schema, contexts("ada"))
    answer = await ask.compare(
        "{ latest(first: 20) { pageInfo { endCursor } nodes { id author { id handle posts(first: 3) { pageInfo { "
        "endCursor } } } comments(first: 2) { pageInfo { endCursor } nodes { id replies { nodes { id } } } } } } }"
    )
    posts = answer.data["latest"]["nodes"]  # type: ignore[index]
    comments = [comment for post in posts for comment in post["comments"]["nodes"]]
    replies = [reply for comment in comments for reply in comment["replies"]["nodes"]]
    people = [post["author"] for post in posts]
    pages = [answer.data["latest"], *(post["comments"] for post in posts), *(each["posts"] for each in people)]  # type: ignore[index]
    cursors = {page["pageInfo"]["endCursor"] for page in pages} - {None}
    return {
        "ID": [*(each["id"] for each in (*posts, *people, *comments, *replies)), *UNKNOWN, *MALFORMED],
        "Cursor": [*sorted(cursors), "nonsense", ""],
        "Int": [*[1, 2, 3, 4, 5] * 10, 10, 0, 101, -1],
        "String": [*[each["handle"] for each in people] * 3, "ADA", "nobody", "", "!", *TEXTS],
    }
