"""No Redis at all for a minute."""

import asyncio

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import Load
from tests.chaos.report import Report

SECONDS, FULL = 10, 60


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """The API answers, and subscriptions go on from PostgreSQL."""
    report = Report("Redis away")
    seconds = FULL if full else SECONDS
    async with Load.running(cluster) as load:
        await asyncio.sleep(1)
        await cluster.engines.kill_redis()
        await asyncio.sleep(seconds)
        report.at_most(0, "sockets closed meanwhile", sum(reader.closed.total() for reader in load.readers))
        await cluster.engines.start_redis()
        await asyncio.sleep(1)
    report.note("away for", seconds, "s")
    report.at_least(99.9, "API success", 100 * load.answers["200"] / load.answers.total(), "%")
    history.check(load, report)
    return report.end()
