"""SIGKILL the relay, again and again, wherever it has gone to."""

import asyncio
import random

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import Load
from tests.chaos.report import Report

TIMES, FULL = 5, 100


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """The other server takes over while the killed one starts again."""
    report = Report("SIGKILL the relay")
    times = FULL if full else TIMES
    async with Load.running(cluster) as load:
        for _ in range(times):
            await asyncio.sleep(random.uniform(0.3, 1.0))
            victim = await cluster.relay()
            victim.kill()
            await victim.start()
    report.note("kills", times)
    history.check(load, report)
    return report.end()
