"""What the other benchmarks tell of the goals: each is a program of its own, and says its figures in a line each."""

import re
import subprocess
import sys

from benchmarks.comparison.servers import PROJECT, Core

PLAN, FOLLOWEES, POSTS = "plan", "followees", "posts"
FIGURES = {
    ("execution", 50): {PLAN: r"compiled / by hand\s+([\d.]+)"},
    ("feed", 30): {FOLLOWEES: r"followees: at most ([\d.]+)", POSTS: r"÷ [\d,]+ posts: ([\d.]+)"},
}
"""A module of benchmarks/, its rounds, and where its figures stand in what it prints."""


def measure(core: Core) -> dict[str, float]:
    """All the figures, measured on this core. Raises ValueError where a program doesn't say one."""
    return {name: figure for program, lines in FIGURES.items() for name, figure in _said(*program, lines, core).items()}


def _said(module: str, rounds: int, lines: dict[str, str], core: Core) -> dict[str, float]:
    command = [sys.executable, "-m", f"benchmarks.{module}", str(rounds)]
    done = subprocess.run(command, cwd=PROJECT, preexec_fn=core.take, stdout=subprocess.PIPE, check=True, text=True)
    found = {name: re.search(line, done.stdout) for name, line in lines.items()}
    if None in found.values():
        raise ValueError(f"benchmarks/{module}.py says something else than {lines}:\n{done.stdout}")
    return {name: float(each[1]) for name, each in found.items() if each}
