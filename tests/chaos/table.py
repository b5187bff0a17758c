"""The table of results in docs/reliability.md: a line for each fault, found by its name and replaced."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.report import Report

DOCUMENT = Path(__file__).parents[2] / "docs/reliability.md"


def record(reports: Sequence[Report], document: Path = DOCUMENT) -> None:
    """Replace the lines of these faults. Raises LookupError for one that has no line."""
    lines = document.read_text("utf-8").splitlines()
    for report in reports:
        found = [number for number, line in enumerate(lines) if line.startswith(f"| {report.fault} |")]
        if not found:
            raise LookupError(f"{document.name} has no line for: {report.fault}")
        lines[found[0]] = line_of(report)
    document.write_text("\n".join(lines) + "\n", "utf-8")


def line_of(report: Report) -> str:
    """Figures in bold have a promise; of those that must be 0, and are, there is only their number."""
    zeros = [each for each in report.findings if each.promise == "0" and each.holds]
    told = [each for each in report.findings if each not in zeros]
    figures = [f"**{each}**" if each.promise else str(each) for each in told]
    cells = [report.fault, "; ".join(figures), f"{len(zeros)} checks: 0", f"{datetime.now(UTC):%Y-%m-%d %H:%M}"]
    return f"| {' | '.join(cells)} |"
