"""The command: seed, install, start everything, measure, report."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from joserfc import jwt
from joserfc.jwk import OctKey

from benchmarks.comparison import document, others, packages, report, statements
from benchmarks.comparison.database import database
from benchmarks.comparison.floor import Floor
from benchmarks.comparison.measure import Comparison, Plan, Result, Run, Stage
from benchmarks.comparison.operations import NAMES, Operation, operations
from benchmarks.comparison.servers import SECRET, SERVERS, Core, Place, Server, serving
from core.settings import settings

DEFAULT = Plan(rounds=5, warm=1.5, loaded=2.0, alone=0.5)
QUICK = Plan(rounds=2, warm=0.8, loaded=1.0, alone=0.3)
TOKEN_SECONDS = 86_400


def main() -> None:
    """Measure, and tell."""
    options = parse()
    strangers = os.getloadavg()[0]
    packages.install()
    ours, theirs = cores()
    theirs.take()
    with tempfile.TemporaryDirectory(prefix="starling-benchmark-") as name, database() as url:
        folder = Path(name)
        statements.write(folder / "statements.json")
        place = Place(url, redis_url(), folder, ours)
        with psycopg.connect(url, autocommit=True) as connection, serving(options.servers, place) as servers:
            plan = QUICK if options.quick else DEFAULT
            run = Run(plan, connection.info.server_version // 10_000, strangers)
            for operation in operations(connection):
                if operation.name in options.only:
                    run.results.append(compare(operation, servers, connection, plan, place))
                    run.memory.update((server.name, server.memory) for server in servers)
                    report.show(run.results[-1], run.memory)
    if options.full:
        run.others.update(others.measure(ours))
    report.show_verdicts(report.verdicts(run))
    if options.full:
        document.write(run)
        print("\nWrote docs/benchmarks.md.")


def parse() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="compare.py", description="Measure Starling beside its rivals.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: less than three minutes")
    parser.add_argument("--only", type=names_of(NAMES), default=NAMES, help=f"of {','.join(NAMES)}")
    parser.add_argument("--servers", type=names_of(SERVERS), default=SERVERS, help=f"of {','.join(SERVERS)}")
    options = parser.parse_args()
    options.full = (options.quick, options.only, options.servers) == (False, NAMES, SERVERS)
    return options


def names_of(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """A parser of some of these names, with commas between."""

    def parse_names(text: str) -> tuple[str, ...]:
        chosen = tuple(name for name in known if name in text.split(","))
        if set(text.split(",")) - {*known}:
            raise argparse.ArgumentTypeError(f"of {','.join(known)}")
        return chosen

    return parse_names


def cores() -> tuple[Core, Core]:
    """The server's core, and that of everything else."""
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    return (Core(there[0]), Core(there[1])) if len(there) > 1 else (Core(None), Core(None))


def redis_url() -> str:
    """Of the settings, or of the embedded engines."""
    if configured := settings().redis_url:
        return configured
    from core.embedded import engines

    return engines(settings().data).redis_url


def compare(
    operation: Operation, servers: list[Server], connection: psycopg.Connection, plan: Plan, place: Place
) -> Result:
    """Look at all answers to an operation, then measure."""
    [[person]] = connection.execute("select id from users where handle = %s", [operation.person]).fetchall()
    token = sign_in(connection, person)
    comparison = Comparison(operation, servers, Stage(operation, servers, connection), token)
    floor = Floor(operation, place.database_url, person, place.folder, place.core)
    floor.check(comparison.check(), without_ids=operation.writes)
    return comparison.measure(plan, floor)


def sign_in(connection: psycopg.Connection, person: int) -> str:
    """An access token as Starling gives them, of a session that stands."""
    [[session]] = connection.execute("insert into sessions (user_id) values (%s) returning id", [person]).fetchall()
    now = int(time.time())
    claims = {"iss": "starling", "aud": "starling", "sub": str(person), "sid": str(session), "iat": now}
    header = {"alg": "HS256", "typ": "at+jwt"}
    return jwt.encode(header, {**claims, "exp": now + TOKEN_SECONDS}, OctKey.import_key(SECRET))
