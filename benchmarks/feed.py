"""How the home feed's cost depends on whom one follows, and on how many posts there are in all.

`uv run python -m benchmarks.feed [ROUNDS]` reads the loader's own statement, prepared as the loader prepares it, for
people who follow 50, 500 and 5,000 of 10,000, in worlds of 200,000 and 2,000,000 posts, in turn. The times are
PostgreSQL's own: planning, where it doesn't keep a plan, and execution. The worlds are made in a minute, and kept.
"""

import sys
from statistics import median
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from benchmarks.world import quiet_world
from core.ids import LARGEST
from core.reads import reading
from domain.seeding.network import MEASURED
from loaders.feeds import Feed

SMALL, LARGE = 200_000, 2_000_000
FOLLOWEES_GOAL, POSTS_GOAL = 2.0, 1.3


def main(rounds: int) -> None:
    with connected(SMALL) as small, connected(LARGE) as large:
        print(f"PostgreSQL {small.info.server_version // 10_000}, {rounds} rounds, ms for who follows {MEASURED}")
        worlds = [World(small), World(large)]
        followees, growth = [], []
        for where in ("first", "deep"):
            for size in (20, 50):
                times = compare(worlds, where, size, rounds)
                followees.append(max(each[-1] / each[0] for each in times))
                growth += [more / less for less, more in zip(*times, strict=True)]
                columns = "   ".join(" ".join(f"{time:6.2f}" for time in each) for each in times)
                print(f"{where:>6} page of {size}: {SMALL:,} and {LARGE:,} posts {columns}")
    print(f"{MEASURED[-1]:,} ÷ {MEASURED[0]} followees: at most {max(followees):.2f}; the goal is {FOLLOWEES_GOAL}.")
    spread = f"{median(growth):.2f}, {min(growth):.2f} to {max(growth):.2f}"
    print(f"{LARGE:,} ÷ {SMALL:,} posts: {spread}; the goal is {POSTS_GOAL}.")


def connected(posts: int) -> psycopg.Connection:
    """A connection to a world, set as reads are."""
    return psycopg.connect(quiet_world(posts), autocommit=True, **reading(statement_timeout=60))


class World:
    """Its feed, whom it is measured for, and where its middle is."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.feed = Prepared(connection)
        self.viewers = [viewer(connection, number) for number in MEASURED]
        posts = value(connection, "select count(*) from posts")
        middle = value(connection, "select id from posts order by id desc offset %s limit 1", posts // 2)
        self.after = {"first": LARGEST, "deep": middle}

    def once(self, where: str, size: int) -> list[float]:
        """ms of a page for each viewer."""
        page = {"after_0": self.after[where], "limit": size + 1}
        return [self.feed.milliseconds({"viewer": who, **page}) for who in self.viewers]


def compare(worlds: list[World], where: str, size: int, rounds: int) -> list[list[float]]:
    """The median times of each world, read in turn."""
    times = [[world.once(where, size) for world in worlds] for _ in range(rounds)]
    return [[median(column) for column in zip(*each, strict=True)] for each in zip(*times, strict=True)]


class Prepared:
    """The feed's statement, prepared on the server."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._compiled: Any = Feed.listings[""].statement.compile(
            dialect=PGDialect_psycopg(paramstyle="numeric_dollar")
        )
        connection.execute(f"prepare feed as {self._compiled}".encode())

    def milliseconds(self, page: dict[str, int]) -> float:
        """What PostgreSQL says that a page takes."""
        values = self._compiled.construct_params(page)
        arguments = sql.SQL(", ").join(sql.Literal(values[name]) for name in self._compiled.positiontup)
        explain = sql.SQL("explain (analyze, timing off, format json) execute feed ({})").format(arguments)
        [[[plan]]] = self._connection.execute(explain).fetchall()
        return float(plan["Planning Time"] + plan["Execution Time"])


def viewer(connection: psycopg.Connection, number: int) -> int:
    """Who follows so many."""
    return int(value(connection, "select id from users where handle = %s", f"follows_{number}"))


def value(connection: psycopg.Connection, query: Any, *parameters: Any) -> Any:
    """The only column of a query's only row."""
    [[found]] = connection.execute(query, parameters).fetchall()
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
