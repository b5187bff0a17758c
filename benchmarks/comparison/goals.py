"""What Starling wants to reach beside its rivals."""

from dataclasses import dataclass

from benchmarks.comparison.measure import Result, Run
from benchmarks.comparison.others import FOLLOWEES, PLAN, POSTS
from benchmarks.comparison.servers import APOLLO, MERCURIUS, POSTGRAPHILE, STARLING, STRAWBERRY, TITLES


@dataclass(frozen=True)
class Goal:
    """A bound; the figures are None where not all was measured that they take."""

    title: str
    bound: float
    at_least: bool = False

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"at {'least' if self.at_least else 'most'} {self.bound:g}"

    def holds(self, found: float) -> bool:
        """Whether a figure keeps the bound."""
        return found >= self.bound if self.at_least else found <= self.bound

    def figure(self, run: Run) -> float | None:
        """What was measured."""
        raise NotImplementedError

    def by_cpu(self, run: Run) -> float | None:
        """The same, were the server's CPU all that counts."""
        return None


@dataclass(frozen=True)
class Faster(Goal):
    """Requests per second, as a multiple of a rival's."""

    operation: str = ""
    rival: str = ""

    def figure(self, run: Run) -> float | None:
        """What was measured."""
        result = self._result(run)
        return result and result.ratio(STARLING, self.rival, "rate")

    def by_cpu(self, run: Run) -> float | None:
        """The rival's CPU for a request, as a multiple of Starling's."""
        result = self._result(run)
        return result and result.ratio(self.rival, STARLING, "cpu")

    def _result(self, run: Run) -> Result | None:
        result = run.result(self.operation)
        return result if result and {STARLING, self.rival} <= result.samples.keys() else None


class Steady(Goal):
    """How far the slowest answers to the feed are from the usual ones."""

    def figure(self, run: Run) -> float | None:
        """What was measured."""
        result = run.result("feed")
        return result.ratio_within(STARLING, "p99", "p50") if result and STARLING in result.samples else None


class Small(Goal):
    """Starling's memory at the end, in MB."""

    def figure(self, run: Run) -> float | None:
        """What was measured."""
        return run.memory[STARLING] / 1e6 if STARLING in run.memory else None


@dataclass(frozen=True)
class Told(Goal):
    """What another benchmark tells."""

    name: str = ""

    def figure(self, run: Run) -> float | None:
        """What was measured."""
        return run.others.get(self.name)


def _faster(operation: str, rival: str, bound: float) -> Goal:
    return Faster(f"{operation}: requests per second ÷ {TITLES[rival]}'s", bound, True, operation, rival)


GOALS = (
    _faster("feed", MERCURIUS, 1.5),
    _faster("feed", POSTGRAPHILE, 4),
    _faster("feed", APOLLO, 12),
    _faster("feed", STRAWBERRY, 80),
    _faster("viewer", MERCURIUS, 0.9),
    _faster("viewer", POSTGRAPHILE, 1.8),
    _faster("wide", MERCURIUS, 1.5),
    _faster("thread", MERCURIUS, 1.2),
    _faster("profile", MERCURIUS, 1.2),
    _faster("search", MERCURIUS, 1.2),
    _faster("createPost", MERCURIUS, 0.9),
    Told("executing the feed's plan ÷ writing its dicts by hand", 1.6, name=PLAN),
    Steady("feed: p99 ÷ p50 at 16 connections", 3),
    Told("the feed in PostgreSQL: 5,000 ÷ 50 followees", 2, name=FOLLOWEES),
    Told("the feed in PostgreSQL: 2,000,000 ÷ 200,000 posts", 1.3, name=POSTS),
    Small("memory of a warm worker, MB", 130),
)
