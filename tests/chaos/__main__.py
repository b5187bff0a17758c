"""Inject faults and check what came of them: `uv run python -m tests.chaos [FAULT…] [--full] [--record]`.

Without names, all of them, each on engines of its own. `--record` writes the figures to docs/reliability.md.
"""

import argparse
import asyncio
import signal
import sys
import time

from tests.chaos import faults
from tests.chaos.cluster import Cluster
from tests.chaos.table import record


async def main(names: list[str], *, full: bool, write: bool) -> bool:
    """Whether all promises were held."""
    held = True
    for name in names:
        began = time.monotonic()
        async with Cluster.started() as cluster:
            report = await faults.named(name)(cluster, full=full)
        print(f"{report}\n  took {time.monotonic() - began:.0f} s\n", flush=True)
        held &= report.holds
        if write:
            record([report])
    return held


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.chaos", description="Inject faults and check what came of them.")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"any of {', '.join(faults.NAMES)}; all if none")
    parser.add_argument("--full", action="store_true", help="as often as was promised, instead of a few times")
    parser.add_argument("--record", action="store_true", help="write the figures to docs/reliability.md")
    options = parser.parse_args()
    if unknown := set(options.faults) - set(faults.NAMES):
        parser.error(f"there is no {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left running
    held = asyncio.run(main(options.faults or list(faults.NAMES), full=options.full, write=options.record))
    sys.exit(not held)
