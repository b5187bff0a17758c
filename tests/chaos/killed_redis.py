"""SIGKILL Redis, which keeps nothing, again and again; it comes back empty, at once or after a while."""

import asyncio
import random

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import Load
from tests.chaos.report import Report

TIMES, FULL = 8, 50
PAUSES = (0.0, 0.3, 3.0)
"""Seconds that it stays away: too short to notice, for a blink, and for longer than anybody's patience."""


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """Nobody's stream is to stop, or even to hesitate."""
    report = Report("SIGKILL Redis")
    times = FULL if full else TIMES
    async with Load.running(cluster) as load:
        for _ in range(times):
            await asyncio.sleep(random.uniform(0.3, 1.5))
            await cluster.engines.kill_redis()
            await asyncio.sleep(random.choice(PAUSES))
            await cluster.engines.start_redis()
    report.note("kills", times)
    report.at_most(0, "failed HTTP requests", sum(load.answers.values()) - load.answers["200"])
    history.check(load, report, p99_ms=300)
    return report.end()
