"""Some readers take nothing any more, and stay connected: the others must not notice, and memory must not grow."""

import asyncio
import re
import time

from tests.chaos.cluster import Cluster
from tests.chaos.crowd import Crowd, allow_sockets
from tests.chaos.load import CREATE
from tests.chaos.people import People, Person
from tests.chaos.report import Report, percentile

HEALTHY, STALLED = 90, 10
FULL_HEALTHY, FULL_STALLED = 900, 100
SECONDS, FULL_SECONDS = 6, 25
EVERY = 0.25
BUFFER = 4096
"""Bytes that the kernel takes for a reader that is to stall: else it would hide the stall for long."""
FILLING = "Nobody is told to turn. " * 160
SUBSCRIPTION = """subscription {
  feedUpdates { __typename ... on LiveEvent { cursor } ... on PostAdded { edge { node { id body } } } }
}"""


class Timed(Crowd):
    """Notes how long each post was on its way."""

    sent: dict[int, float]
    delays: list[float]

    def heard(self, payload: bytes) -> None:
        super().heard(payload)
        if found := re.search(rb"Number (\d+)\.", payload):
            self.delays.append((time.perf_counter() - self.sent[int(found[1])]) * 1000)


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """The same posts at the same pace before and after; all readers at one server, none of the writers."""
    report = Report("Stalled readers among healthy ones")
    healthy, stalled = (FULL_HEALTHY, FULL_STALLED) if full else (HEALTHY, STALLED)
    seconds, server = FULL_SECONDS if full else SECONDS, cluster.servers[0]
    allow_sockets()
    async with People(cluster.engines) as people:
        [author], followers = await people.make(1), await people.make(healthy + stalled)
        await people.follow(followers, [author])
        tokens = [person.token for person in followers]
        well, ill = Timed(server.url, SUBSCRIPTION), Crowd(server.url, SUBSCRIPTION)
        await well.come(tokens[:healthy])
        await ill.come(tokens[healthy:], buffer=BUFFER)
        await _write(cluster, author, well, 2)
        calm = await _write(cluster, author, well, seconds)
        before = server.memory
        for client in ill.clients:
            client.transport.pause_reading()
        busy = await _write(cluster, author, well, seconds)
        grown = max(0, server.memory - before)
    report.note("healthy readers", healthy)
    report.note("stalled readers", stalled)
    report.note("posts meanwhile", len(busy) / healthy)
    report.at_most(0, "posts that a healthy reader missed", round(seconds / EVERY) * healthy - len(busy))
    report.at_most(100, "memory growth", grown / 1024 / 1024, "MiB")
    report.note("healthy p99 before", percentile(calm, 0.99), "ms")
    report.note("healthy p99 meanwhile", percentile(busy, 0.99), "ms")
    change = 100 * (percentile(busy, 0.99) / percentile(calm, 0.99) - 1)
    report.within(10, "change of the healthy p99", change, "%")
    well.leave()
    ill.leave()
    return report.end()


async def _write(cluster: Cluster, author: Person, crowd: Timed, seconds: float) -> list[float]:
    """Publish at a steady pace, at another server than the readers'; the delays of what they heard."""
    crowd.sent, crowd.delays = {}, []
    writes = round(seconds / EVERY)
    crowd.expect(writes * len(crowd.clients))
    for number in range(writes):
        due = time.perf_counter() + EVERY
        crowd.sent[number] = time.perf_counter()
        body = {"body": f"Number {number}. {FILLING}"}
        await cluster.balancer.ask_at(cluster.servers[1], CREATE, author.token, input=body)
        await asyncio.sleep(due - time.perf_counter())
    await crowd.complete(30)
    return crowd.delays
