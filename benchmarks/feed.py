"""How the home feed's cost depends on how many people one follows: `uv run python -m benchmarks.feed [ROUNDS]`.

The loader's own statement, prepared as the loader prepares it, for people who follow 50, 500 and 5,000 of 10,000, in
turn. The times are PostgreSQL's own: planning, where it doesn't keep a plan, and execution.
"""

import sys
from statistics import median
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from benchmarks.world import world
from core.ids import LARGEST
from core.reads import reading
from domain.seeding.network import MEASURED
from loaders.feeds import Feed

GOAL = 3.0


def main(rounds: int) -> None:
    with psycopg.connect(world(), autocommit=True, **reading(statement_timeout=5)) as connection:
        viewers = {number: viewer(connection, number) for number in MEASURED}
        posts = value(connection, "select count(*) from posts")
        middle = value(connection, "select id from posts order by id desc offset %s limit 1", posts // 2)
        print(f"PostgreSQL {connection.info.server_version // 10_000}, {posts:,} posts, {rounds} rounds")
        print(f"\n{'ms for who follows':>20}", *(f"{number:>8,}" for number in viewers), "   highest / lowest")
        feed = Prepared(connection)
        ratios = []
        for name, after in (("first", LARGEST), ("deep", middle)):
            for size in (20, 50):
                page = {"after_0": after, "limit": size + 1}
                times = feed.compare([{"viewer": who, **page} for who in viewers.values()], rounds)
                ratios.append(max(times) / min(times))
                print(f"{name:>10} page of {size}", *(f"{time:8.2f}" for time in times), f"{ratios[-1]:15.1f} ×")
    print(f"\nWithin {max(ratios):.1f} × of one another; the goal is {GOAL:.0f} ×.")


class Prepared:
    """The feed's statement, prepared on the server."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._compiled: Any = Feed.listings[""].statement.compile(
            dialect=PGDialect_psycopg(paramstyle="numeric_dollar")
        )
        connection.execute(f"prepare feed as {self._compiled}".encode())

    def compare(self, pages: list[dict[str, int]], rounds: int) -> list[float]:
        """The median time of each page, all of them read in turn."""
        times = [[self._milliseconds(page) for page in pages] for _ in range(rounds)]
        return [median(column) for column in zip(*times, strict=True)]

    def _milliseconds(self, page: dict[str, int]) -> float:
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
