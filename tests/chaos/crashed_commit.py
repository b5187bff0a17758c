"""Commit, then crash before anybody is told of it: the event arrives all the same, and soon."""

import time
from contextlib import suppress

from httpx2 import HTTPError

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import CREATE, Load
from tests.chaos.report import Report
from tests.chaos.servers import Server
from tests.waiting import until

TIMES, FULL = 4, 50


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """A third server, which crashes after each commit, may be the relay when it does: then another has to take over."""
    report = Report("Commit, then crash before the poke")
    times, delays = FULL if full else TIMES, []
    crashing = cluster.server("crashing", "-m", "tests.chaos.crashing_server")
    try:
        async with Load.running(cluster, writers=1, readers=4, every=1.0) as load:
            for number in range(times):
                await crashing.start()
                delays.append(await _crash(load, crashing, f"Written by the dying, {number}."))
    finally:
        await crashing.stop()
    report.note("crashes", times)
    report.within(1, "slowest delivery to all after the crash", max(delays), "s")
    history.check(load, report)
    return report.end()


async def _crash(load: Load, crashing: Server, body: str) -> float:
    """Seconds from the crash until every reader has heard of what was committed."""
    with suppress(HTTPError):
        await load.cluster.balancer.ask_at(crashing, CREATE, load.authors[0].token, input={"body": body})
    await until(lambda: not crashing.runs)
    crashed = time.monotonic()
    await until(lambda: all(body in (told.body for told in reader.told) for reader in load.readers))
    return time.monotonic() - crashed
