"""Stop PostgreSQL at once, in the middle of everything, and start it again."""

import asyncio
import random
import time

from httpx2 import HTTPError

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import CREATE, Load
from tests.chaos.report import Report
from tests.chaos.servers import Server
from tests.waiting import until

TIMES, FULL = 3, 20
LIVED = 2.5
"""Seconds that PostgreSQL lives at least: one that ends sooner counts as unable to run."""


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """Recovery is measured from its first accepted connection to the first acknowledged write at each server."""
    report = Report("PostgreSQL immediate restart")
    times, recoveries = FULL if full else TIMES, []
    async with Load.running(cluster) as load:
        for _ in range(times):
            await asyncio.sleep(random.uniform(LIVED, LIVED + 1))
            await cluster.engines.stop_postgres()
            await asyncio.sleep(random.choice((0.0, 1.0)))
            await cluster.engines.start_postgres()
            accepted = time.monotonic()
            await asyncio.gather(*(until(lambda at=at: _writes(load, at)) for at in cluster.servers))
            recoveries.append(time.monotonic() - accepted)
    report.note("restarts", times)
    report.within(2, "slowest recovery", max(recoveries), "s")
    report.at_most(0, "answers without a code", len(load.unstructured))
    report.at_most(0, "connections broken off", load.answers["broken"])
    history.check(load, report)
    return report.end()


async def _writes(load: Load, server: Server) -> bool:
    """Whether a server acknowledges a write."""
    try:
        response = await load.cluster.balancer.ask_at(
            server, CREATE, load.authors[0].token, input={"body": "Well again."}
        )
    except HTTPError:
        return False
    return response.status_code == 200 and "errors" not in response.json()
