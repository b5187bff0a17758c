"""Starling beside what one would pick instead, on one database, in one run: `uv run benchmarks/compare.py`.

It prints what it finds and writes docs/benchmarks.md; `--help` tells how to measure less. The rivals come from npm,
Node.js itself and a driver from the dependency group `benchmarks`. Nothing else has to be there.
"""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
UV = os.environ.get("UV", "uv")

if __name__ == "__main__":
    command = [UV, "run", "--group", "benchmarks", "python", "-m", "benchmarks.comparison", *sys.argv[1:]]
    sys.exit(subprocess.run(command, cwd=PROJECT).returncode)
