"""SIGSTOP the relay, let the other server take over, and revive it: it must not go on as if nothing had been."""

import asyncio
import json
import signal
from itertools import pairwise

import redis

from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import Load
from tests.chaos.report import Report
from tests.waiting import until

TIMES, SECONDS, FULL, FULL_SECONDS = 2, 4, 5, 30
TAKEN_WITHIN = 5.0
"""Seconds in which another has taken over: PostgreSQL takes the lock from whoever is silent for two."""


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """What is on the stream must be what is in the log, number by number: two relays would have told two stories."""
    report, takeovers = Report("SIGSTOP the relay, SIGCONT"), []
    times, seconds = (FULL, FULL_SECONDS) if full else (TIMES, SECONDS)
    async with Load.running(cluster) as load:
        for _ in range(times):
            await asyncio.sleep(1)
            victim = await cluster.relay()
            victim.signal(signal.SIGSTOP)
            try:
                takeovers.append(await until(lambda v=victim: cluster.holder() not in (None, v)))
                await asyncio.sleep(seconds)
            finally:
                victim.signal(signal.SIGCONT)
            await asyncio.sleep(1)
        report.note("stops", times)
        report.within(TAKEN_WITHIN, "slowest takeover", max(takeovers), "s")
        _compare(load, report)
    history.check(load, report)
    return report.end()


def _compare(load: Load, report: Report) -> None:
    """Hold the stream to the log."""
    with redis.Redis.from_url(load.cluster.engines.redis_url, decode_responses=True) as cache:
        [stream] = cache.keys("starling:*:events")
        entries = [(int(key.partition("-")[0]), fields["payload"]) for key, fields in cache.xrange(stream)]
    with load.cluster.engines.connect() as connection:
        log = dict(connection.execute("select seq, payload from outbox").fetchall())
    differing = sum(json.loads(payload) != log.get(seq) for seq, payload in entries)
    unconnected = sum(after != before + 1 for (before, _), (after, _) in pairwise(entries))
    report.note("events on the stream", len(entries))
    report.at_most(0, "appends by two relays", differing + unconnected)
