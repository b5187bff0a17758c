"""SIGKILL one of two workers, again and again, whichever it is."""

import asyncio
import random

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import Load
from tests.chaos.report import Report

TIMES, FULL = 3, 50


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """Every second kill is of the worker that isn't the relay."""
    report = Report("SIGKILL a worker")
    times = FULL if full else TIMES
    async with Load.running(cluster) as load:
        for _ in range(times):
            await asyncio.sleep(random.uniform(0.3, 1.0))
            victim = random.choice(cluster.servers)
            victim.kill()
            await victim.start()
    report.note("kills", times)
    history.check(load, report)
    return report.end()
