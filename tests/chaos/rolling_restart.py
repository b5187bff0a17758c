"""Restart the servers one after the other, as a deploy does, while everybody goes on."""

import asyncio
import time

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import Load
from tests.chaos.report import Report

TIMES, FULL = 1, 20
GOING = 1012


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """The balancer notices by /readyz who goes; until it has, whoever goes still answers."""
    report, stops = Report("Rolling restart"), []
    times = FULL if full else TIMES
    async with Load.running(cluster) as load:
        for _ in range(times):
            for server in cluster.servers:
                await asyncio.sleep(1)
                asked = time.monotonic()
                await server.stop()
                stops.append(time.monotonic() - asked)
                await server.start()
        await asyncio.sleep(1)
    report.note("restarts of all servers", times)
    report.within(20, "slowest stop", max(stops), "s")
    report.at_most(0, "failed HTTP requests", load.answers.total() - load.answers["200"])
    codes = sum((reader.closed for reader in load.readers), start=type(load.readers[0].closed)())
    report.at_most(0, "sockets closed with another code than 1012", codes.total() - codes[GOING])
    history.check(load, report)
    return report.end()
