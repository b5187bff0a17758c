"""See benchmarks/live.py."""

import argparse
import asyncio
import os

from benchmarks.sockets.rows import ROWS, pin
from tests.chaos.cluster import Cluster
from tests.chaos.crowd import allow_sockets
from tests.chaos.table import record


async def main(names: list[str], *, write: bool) -> None:
    for name in names:
        async with Cluster.started(servers=1) as cluster:
            pin(cluster.servers[0])
            reports = await ROWS[name](cluster)
        print(*reports, sep="\n", end="\n\n", flush=True)
        if write:
            record(reports)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="live.py", description="Measure one worker's live updates.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"any of {', '.join(ROWS)}; all if none")
    parser.add_argument("--record", action="store_true", help="write the figures to docs/reliability.md")
    options = parser.parse_args()
    if unknown := set(options.rows) - ROWS.keys():
        parser.error(f"there is no {', '.join(unknown)}")
    allow_sockets()
    if hasattr(os, "sched_setaffinity") and (cores := os.sched_getaffinity(0) - {0}):
        os.sched_setaffinity(0, cores)  # the first is the server's
    asyncio.run(main(options.rows or list(ROWS), write=options.record))
