"""What one worker does for live updates: `uv run benchmarks/live.py [ROW…]`.

It starts engines and servers of its own; `--help` tells the rows. Nothing has to be there.
"""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
UV = os.environ.get("UV", "uv")

if __name__ == "__main__":
    command = [UV, "run", "python", "-m", "benchmarks.sockets", *sys.argv[1:]]
    sys.exit(subprocess.run(command, cwd=PROJECT).returncode)
