"""docs/benchmarks.md: the method, the figures, the goals."""

import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks import machine
from benchmarks.comparison import chart, packages, report
from benchmarks.comparison.measure import CONNECTIONS, Result, Run
from benchmarks.comparison.servers import POOL_SIZE, PROJECT, TITLES

PAGE = PROJECT / "docs/benchmarks.md"
PICTURE = PAGE.with_suffix(".svg")
METHOD = Path(__file__).with_name("method.md")
BUSY = (
    "**The machine was busy with other things (load average {:.1f} before the run): look at the CPU that a request "
    "takes. Requests per second and latencies tell who got the cores.**"
)
WHAT = {
    "viewer": "who is signed in: three fields, one row",
    "feed": "50 posts, their authors, the newest 3 comments of each, their authors",
    "profile": "a person with three counts, how the two stand to each other, 5 posts, 5 followers",
    "thread": "20 comments of a busy post, 3 replies to each, 3 replies to those, all their authors",
    "wide": "five lists of 100 people with six fields each",
    "search": "10 of some 130 posts with two words, ranked, and their authors",
    "createPost": "a post, its author's count, the event in the outbox: one transaction",
}


def write(run: Run) -> None:
    """Write the page and its picture."""
    PICTURE.write_text(chart.svg(run.results), "utf-8")
    PAGE.write_text("\n".join([*_head(run), *_goals(run), *_operations(run), _method(run)]), "utf-8")


def _head(run: Run) -> list[str]:
    node = f"Mercurius {packages.version('mercurius')} with graphql-jit {packages.version('graphql-jit')}"
    apollo = f"Apollo Server {packages.version('@apollo/server')}"
    postgraphile = f"PostGraphile {packages.version('postgraphile')}"
    strawberry = f"Strawberry {version('strawberry-graphql')} with SQLAlchemy {version('sqlalchemy')}"
    return [
        "# Starling beside its rivals",
        "",
        "Written by `uv run benchmarks/compare.py`, which does all of it again; don't edit it by hand.",
        "",
        f"{machine.here()} PostgreSQL {run.postgresql}, Python {platform.python_version()}, "
        f"Node.js {packages.node_version()}; {node}, "
        f"{apollo}, {postgraphile}, {strawberry}.",
        "",
        *([BUSY.format(run.strangers), ""] if run.strangers > 1 else []),
    ]


def _goals(run: Run) -> list[str]:
    rows = [
        f"| {each.title} | {each.wanted} | {each.found} | {each.by_cpu} | {each.holds} |"
        for each in report.verdicts(run)
    ]
    return [
        "## Goals",
        "",
        "| | wanted | found | by the server's CPU | holds |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "*By the server's CPU* is what the ratio of requests per second would be if nothing but the server's own CPU",
        "counted: PostgreSQL has a core of its own here, and where that is what is fully used, it levels the servers.",
        "",
    ]


def _operations(run: Run) -> list[str]:
    picture = f"![Requests per second of each server, for each operation]({PICTURE.name})"
    return [
        "## Operations",
        "",
        picture,
        "",
        *(line for result in run.results for line in _operation(result, run.memory)),
    ]


def _operation(result: Result, memory: dict[str, int]) -> list[str]:
    rows = [
        f"| {TITLES[server]} | {' | '.join(report.figures_of(result, server))} | {memory[server] / 1e6:.0f} MB |"
        for server in result.samples
    ]
    return [
        f"### {result.operation}",
        "",
        f"{WHAT[result.operation].capitalize()}. The database alone: {result.floor:,.0f} per second.",
        "",
        f"| | {' | '.join(report.HEADINGS)} | memory |",
        f"|---|{'---:|' * (len(report.HEADINGS) + 1)}",
        *rows,
        "",
    ]


def _method(run: Run) -> str:
    samples = (sample for result in run.results for each in result.samples.values() for sample in each)
    return METHOD.read_text("utf-8").format(
        rounds=run.plan.rounds,
        loaded=run.plan.loaded,
        alone=run.plan.alone,
        connections=CONNECTIONS,
        generator=max(sample.generator_busy for sample in samples),
        pool=POOL_SIZE,
    )
