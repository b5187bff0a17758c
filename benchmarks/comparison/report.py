"""What was found: for a terminal, an operation at a time, and for docs/benchmarks.md."""

from dataclasses import dataclass

from benchmarks.comparison.goals import GOALS
from benchmarks.comparison.measure import Result, Run
from benchmarks.comparison.servers import STARLING, TITLES

HEADINGS = ("requests/s", "×", "p50", "p99", "p50 alone", "CPU each", "×", "core used")


def show(result: Result, memory: dict[str, int]) -> None:
    """Print an operation's table, with a bar for each server."""
    print(f"\n{result.operation}\n{'':42}", *(f"{heading:>10}" for heading in (*HEADINGS, "memory")))
    most = max(result.floor, *(result.median(server, "rate") for server in result.samples))
    for server in result.samples:
        figures = (*figures_of(result, server), f"{memory[server] / 1e6:.0f} MB")
        print(
            f"{TITLES[server]:>18} {bar(result.median(server, 'rate') / most):<23}",
            *(f"{each:>10}" for each in figures),
        )
    print(f"{'database alone':>18} {bar(result.floor / most):<23} {result.floor:10,.0f}", flush=True)


def figures_of(result: Result, server: str) -> tuple[str, ...]:
    """A server's figures in the order of `HEADINGS`."""

    def of(figure: str) -> float:
        return result.median(server, figure)

    base = STARLING if STARLING in result.samples else next(iter(result.samples))
    return (
        f"{of('rate'):,.0f}",
        f"{result.ratio(server, base, 'rate'):.2f}",
        f"{of('p50'):.2f} ms",
        f"{of('p99'):.2f} ms",
        f"{of('alone_p50'):.2f} ms",
        f"{of('cpu'):.3f} ms",
        f"{result.ratio(server, base, 'cpu'):.2f}",
        f"{of('busy'):.0%}",
    )


def bar(share: float) -> str:
    """A length up to 22 characters."""
    return "█" * round(share * 22) or "▏"


@dataclass(frozen=True)
class Verdict:
    """A goal, what was found, and what the server's CPU says of it."""

    title: str
    wanted: str
    found: str
    by_cpu: str
    holds: str


def verdicts(run: Run) -> list[Verdict]:
    """All goals that this run can tell of."""
    told = []
    for goal in GOALS:
        found = goal.figure(run)
        if found is not None:
            by_cpu = goal.by_cpu(run)
            holds = "yes" if goal.holds(found) else "no"
            told.append(Verdict(goal.title, goal.wanted, f"{found:.2f}", (by_cpu and f"{by_cpu:.2f}") or "", holds))
    return told


def show_verdicts(told: list[Verdict]) -> None:
    """Print which goals are reached."""
    print(f"\n{'goal':<58} {'wanted':>13} {'found':>8} {'by CPU':>8}  holds")
    for verdict in told:
        print(f"{verdict.title:<58} {verdict.wanted:>13} {verdict.found:>8} {verdict.by_cpu:>8}  {verdict.holds}")
