"""Starling's other commands: `uv run cli.py seed | migrate | role | keys | schema | explain | worker`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import psycopg
from alembic.util import CommandError
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import OperationalError

from core import migrations
from core.errors import NotFound, Unavailable
from core.settings import Settings, settings
from domain.seed import InhabitedError
from domain.seed import seed as fill

if TYPE_CHECKING:
    from core.database import Database

T = TypeVar("T")
SCHEMA = Path(__file__).parent / "schema.graphql"
screen = Console(highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. What goes wrong is told in a line, with exit status 1."""
    options = parse(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        fail("Stopped; nothing was changed.")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command and its options."""
    parser = argparse.ArgumentParser(prog="cli.py", description="Starling's commands beside the server.")
    commands = parser.add_subparsers(required=True, metavar="command")

    seeds = commands.add_parser("seed", help="fill an empty database with a world to try things on")
    seeds.set_defaults(run=seed)
    for name, default in {"users": 300, "posts": 3_000, "comments": 9_000, "follows": 6_000}.items():
        seeds.add_argument(f"--{name}", type=amount, default=default, help="how many (default: %(default)s)")
    seeds.add_argument("--likes", type=amount, help="at most how many (default: four for each post)")
    seeds.add_argument("--seed", type=int, default=1, help="another seed, another world (default: %(default)s)")
    seeds.add_argument("--now", type=moment, help="when the newest posts are from, e.g. 2026-11-21T12:00 (UTC)")
    seeds.add_argument("--reset", action="store_true", help="remove everybody and everything first")

    migrates = commands.add_parser("migrate", help="bring the database's schema up to date")
    migrates.set_defaults(run=migrate)
    migrates.add_argument("revision", nargs="?", default="head", help="how far up (default: the newest)")
    migrates.add_argument("--down", metavar="REVISION", help="go back down to a revision; base empties the database")
    migrates.add_argument(
        "--check", action="store_true", help="only tell whether database, migrations and models agree"
    )

    roles = commands.add_parser("role", help="make somebody a moderator, an admin, or neither: the first admin, say")
    roles.set_defaults(run=role)
    roles.add_argument("handle", type=str.lower, help="whom")
    roles.add_argument("role", choices=["user", "moderator", "admin"], help="what from now on")

    rings = commands.add_parser("keys", help="the keys that sign tokens, and the secret under which they are sealed")
    rings.set_defaults(run=keys)
    rings.add_argument(
        "what",
        choices=["list", "rotate", "reseal"],
        help="rotate: a new one signs in five minutes; reseal: seal what lasts under today's secret",
    )

    exports = commands.add_parser("schema", help=f"write the API's schema to {SCHEMA.name}")
    exports.set_defaults(run=schema)
    exports.add_argument("--check", action="store_true", help="only tell whether the file is up to date")

    explains = commands.add_parser("explain", help="tell how an operation is executed, and its price")
    explains.set_defaults(run=explain)
    explains.add_argument("file", type=argparse.FileType(), help="a GraphQL document with one operation; - for input")
    explains.add_argument("--variables", type=json.loads, default={}, help="as JSON (default: none)")

    works = commands.add_parser("worker", help="do jobs, e.g. send e-mail, until stopped")
    works.set_defaults(run=worker)
    return parser.parse_args(arguments)


def seed(options: argparse.Namespace) -> None:
    """Fill an empty database."""
    config = checked_settings()
    if config.production:
        fail("This is production: seeded people all have the same, public password.")
    with database(config) as url:
        migrations.upgrade(url)
        numbers = {name: getattr(options, name) for name in ("users", "posts", "comments", "follows", "likes", "seed")}
        try:
            with Bar() as bar:
                fill(url, **numbers, now=options.now, reset=options.reset, progress=bar.show)
        except InhabitedError:
            fail("There are people in this database already. To remove everybody and everything first, add --reset.")
        except ValueError as error:
            fail(str(error))
    screen.print("Done. Everybody's password is starling.")


def migrate(options: argparse.Namespace) -> None:
    """Move the database's schema, or tell whether it should be moved."""
    with database(checked_settings()) as url:
        if options.check:
            migrations.check(url)
        elif options.down:
            migrations.downgrade(url, options.down)
        else:
            migrations.upgrade(url, options.revision)
    screen.print("Database, migrations and models agree." if options.check else "Done.")


def role(options: argparse.Namespace) -> None:
    """Give somebody a role."""
    # Only here: the other commands do without.
    from domain.moderation import appoint
    from models.users import Role

    try:
        asyncio.run(with_database(lambda db: appoint(db, options.handle, Role(options.role.upper()))))
    except NotFound:
        fail(f"There is nobody with the handle {options.handle}.")
    screen.print(f"{options.handle} is {options.role} from now on.")


def keys(options: argparse.Namespace) -> None:
    """Print the keys that sign tokens, after another was made, or all sealed anew, if that is asked for."""
    # Only here, like the above.
    from domain import keys as pairs
    from domain.resealing import reseal

    async def work(db: "Database") -> list[pairs.KeyPair]:
        if options.what == "rotate":
            await pairs.rotate(db)
        elif options.what == "reseal":
            values, lost = await reseal(db)
            screen.print(f"Sealed anew under today's secret: {values}. Under a secret that isn't listed: {lost}.")
        return await pairs.ensure(db)

    for pair in asyncio.run(with_database(work)):
        until = f"verifies until {pair.verifies_until:%Y-%m-%d %H:%M}" if pair.verifies_until else "newest"
        screen.print(f"{pair.kid}  {pairs.ALGORITHM}  signs from {pair.signs_from:%Y-%m-%d %H:%M}, {until} UTC")


async def with_database(work: Callable[["Database"], Awaitable[T]]) -> T:
    """Do something with the database; ends where it can't be done."""
    from core.database import Database

    with database(checked_settings()) as url:
        db = Database(url)
        await db.open()
        try:
            return await work(db)
        except Unavailable as error:
            fail(str(error))
        finally:
            await db.close()


def schema(options: argparse.Namespace) -> None:
    """Write schema.graphql, or tell whether it should be written."""
    # Only here: the other commands do without what it takes to answer GraphQL.
    from schema.root import sdl

    if not options.check:
        SCHEMA.write_text(sdl(), "utf-8")
        screen.print(f"Wrote {SCHEMA.name}.")
    elif not SCHEMA.exists() or SCHEMA.read_text("utf-8") != sdl():
        fail(f"{SCHEMA.name} isn't what the code says. To write it: uv run cli.py schema")


def explain(options: argparse.Namespace) -> None:
    """Print an operation's plan."""
    # Only here, like the schema above.
    from execution.collect import Unsupported
    from execution.compiled import Plans
    from execution.documents import Documents, Refused
    from execution.explain import explain as in_words
    from schema.root import schema
    from transport.application import limits

    documents = Documents(schema._schema, limits(checked_settings()))
    try:
        operation = documents.get(options.file.read())
        price = documents.charge(operation, options.variables)
        plan = Plans(schema._schema).get(operation, options.variables)
    except Refused as refused:
        fail(*(error.message for error in refused.errors))
    except Unsupported as unsupported:
        fail(f"graphql-core executes it: {unsupported.reason}.")
    screen.print(in_words(plan, price))


def worker(_: argparse.Namespace) -> None:
    """Do jobs until stopped."""
    # Only here, like the schema above.
    from jobs.process import serve

    with database(checked_settings()) as url:
        serve(url)


def checked_settings() -> Settings:
    """The settings, unless they are wrong."""
    try:
        return settings()
    except ValidationError as error:
        fail(*(f"{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}." for problem in error.errors()))


@contextmanager
def database(config: Settings) -> Iterator[str]:
    """The database's URL; ends where the database can't be reached, or can't be migrated as asked."""
    try:
        yield config.database_url or embedded_database(config)
    except CommandError as error:
        fail(f"{str(error).rstrip('.')}.")
    except (psycopg.OperationalError, OperationalError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        fail(f"The database can't be used: {reason}.")


def embedded_database(config: Settings) -> str:
    """The database of the embedded engines, which run as long as we do."""
    if config.production:
        fail("DATABASE_URL is not set.")
    # Only here: the module wants what Windows hasn't got, and production may do without the engines' wheels.
    from core.embedded import EnginesError, engines

    try:
        return engines(config.data).database_url
    except (EnginesError, OSError) as error:
        fail(str(error))


class Bar(Progress):
    """A line for each thing that is being made."""

    def __init__(self) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        super().__init__(*columns, TimeElapsedColumn(), console=screen, transient=True, disable=not screen.is_terminal)

    def show(self, what: str, done: int, total: int) -> None:
        """Bring the line of something up to date; a new one means that what came before is finished."""
        if not self.tasks or self.tasks[-1].description != what:
            for earlier in self.tasks:
                self.update(earlier.id, total=earlier.completed)
            self.add_task(what)
        self.update(self.tasks[-1].id, completed=done, total=total or None)


def amount(text: str) -> int:
    """A number that isn't negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} isn't a number of things")
    return int(text)


def moment(text: str) -> datetime:
    """A moment, in UTC unless it says otherwise."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} isn't a moment like 2026-11-21T12:00") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def fail(*lines: str) -> NoReturn:
    """End, saying why."""
    sys.exit("\n".join(lines))


if __name__ == "__main__":
    main()
