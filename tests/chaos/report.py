"""What a fault must show, and what it showed."""

from dataclasses import dataclass, field

from tests.chaos.machine import Bystanders

BUSY = 15.0
"""Per cent of the machine: where others use more of it, times are told, and not held against what was promised."""


@dataclass(frozen=True)
class Finding:
    """One figure, and the promise about it if there is one."""

    what: str
    value: float
    unit: str = ""
    promise: str = ""
    holds: bool = True
    excused: bool = False
    """Broken, on a machine that others kept busy."""
    is_time: bool = False

    def __str__(self) -> str:
        promised = f" (promised: {self.promise})" if self.promise else ""
        verdict = "" if self.holds else " BROKEN"
        return f"{self.what} {self.figure}{promised}{' missed on a busy machine' if self.excused else verdict}"

    @property
    def figure(self) -> str:
        """The value with its unit."""
        number = f"{self.value:,.0f}" if self.value == int(self.value) else f"{self.value:,.2f}"
        return f"{number} {self.unit}".rstrip()


@dataclass
class Report:
    """All figures of one fault."""

    fault: str
    findings: list[Finding] = field(default_factory=list)
    bystanders: Bystanders = field(default_factory=Bystanders)

    def note(self, what: str, value: float, unit: str = "") -> None:
        """A figure without a promise."""
        self.findings.append(Finding(what, value, unit))

    def at_most(self, limit: float, what: str, value: float, unit: str = "") -> None:
        """A figure that must not be higher."""
        promise = f"≤ {limit:g}" if limit else "0"
        self.findings.append(Finding(what, value, unit, promise, value <= limit))

    def at_least(self, limit: float, what: str, value: float, unit: str = "") -> None:
        """A figure that must not be lower."""
        self.findings.append(Finding(what, value, unit, f"≥ {limit:g}", value >= limit))

    def within(self, limit: float, what: str, value: float, unit: str) -> None:
        """A time that must not be longer, where the machine is ours."""
        excused = value > limit and self.bystanders.share > BUSY
        self.findings.append(Finding(what, value, unit, f"≤ {limit:g}", value <= limit or excused, excused, True))

    def reaches(self, limit: float, what: str, value: float, unit: str = "") -> None:
        """A speed that must not be lower, where the machine is ours."""
        excused = value < limit and self.bystanders.share > BUSY
        self.findings.append(Finding(what, value, unit, f"≥ {limit:,g}", value >= limit or excused, excused, True))

    def end(self) -> "Report":
        """Note what the machine did besides."""
        self.note("others' share of the machine", round(self.bystanders.share), "%")
        return self

    @property
    def holds(self) -> bool:
        """Whether every promise does."""
        return all(finding.holds for finding in self.findings)

    @property
    def is_sound(self) -> bool:
        """Whether every promise does but for times, which a few seconds on any machine can't tell."""
        return all(finding.holds or finding.is_time for finding in self.findings)

    def __str__(self) -> str:
        return "\n".join([self.fault, *(f"  {finding}" for finding in self.findings)])


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them doesn't exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
