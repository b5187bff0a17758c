"""The rows of the table: what is measured, and how."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psutil
from httpx2 import AsyncClient

from domain import posts
from models.posts import Visibility
from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.crowd import Crowd
from tests.chaos.load import Load
from tests.chaos.people import People, Person
from tests.chaos.report import Report
from tests.chaos.servers import Server

SAME = """subscription {
  feedUpdates { __typename ... on PostAdded { cursor edge { cursor node { id body author { id handle name } } } } }
}"""
OWN = """subscription {
  feedUpdates {
    __typename
    ... on PostAdded { cursor edge { cursor node { id body viewerHasLiked author { id handle viewerFollow } } } }
  }
}"""
BODY = "A starling's murmuration has no leader: each bird follows the seven nearest to it. Nobody is told to turn."
COHORT, IDLE = 1_000, 10_000
PEOPLE = 1_000
EVENTS, OWN_EVENTS, STOCK_EVENTS = 60, 10, 10
CALM = 30.0
WITHIN = 120.0
SETTLED = 3.0
"""Seconds in which what came with connecting has been tidied up."""

Row = Callable[[Cluster], Coroutine[Any, Any, list[Report]]]


async def calm(cluster: Cluster) -> list[Report]:
    """Ten posts a second, twenty readers."""
    report = Report("calm")
    async with Load.running(cluster, writers=2, readers=20, every=0.18) as load:
        await asyncio.sleep(CALM)
    history.check(load, report, p99_ms=50)
    return [report.end()]


async def cohort(cluster: Cluster) -> list[Report]:
    """A burst of events to many who get the same; and the same selection from the stock handler."""
    ours, stock = Report("one event to a cohort"), Report("the same from the stock handler")
    async with _audience(cluster, COHORT) as (author, followers, people):
        rate, cpu = await _burst(ours, cluster.servers[0], followers, SAME, EVENTS, lambda: _publish(people, author))
    ours.reaches(20_000, "deliveries a second", rate)
    ours.at_most(50, "processor time each", cpu, "µs")
    handler = cluster.server("stock", "-m", "benchmarks.sockets.stock")
    await handler.start()
    pin(handler)
    try:
        async with AsyncClient() as http:
            mutation = f'mutation {{ publish(body: "{BODY}") }}'
            publish = lambda: http.post(f"{handler.url}/graphql/", json={"query": mutation})  # noqa: E731
            stock_rate, theirs = await _burst(stock, handler, [""] * COHORT, SAME, STOCK_EVENTS, publish)
    finally:
        handler.kill()
    stock.note("deliveries a second", stock_rate)
    stock.note("processor time each", theirs, "µs")
    ours.at_least(4, "deliveries for the stock handler's one, by processor time", theirs / cpu, "×")
    return [ours.end(), stock.end()]


async def own(cluster: Cluster) -> list[Report]:
    """Events of which everybody gets an answer of their own."""
    report = Report("viewer-specific deliveries")
    async with _audience(cluster, COHORT) as (author, followers, people):
        rate, cpu = await _burst(
            report, cluster.servers[0], followers, OWN, OWN_EVENTS, lambda: _publish(people, author)
        )
    report.reaches(4_000, "deliveries a second", rate)
    report.note("processor time each", cpu, "µs")
    return [report.end()]


async def idle(cluster: Cluster) -> list[Report]:
    """Sockets that are subscribed, and nothing happens."""
    report, server = Report("idle sockets"), cluster.servers[0]
    async with _audience(cluster, PEOPLE) as (_, followers, _):
        tokens = [person.token for person in followers]
        warm = Crowd(server.url, SAME)
        await warm.come(tokens)  # who they are is remembered from here on
        warm.leave()
        await asyncio.sleep(SETTLED)
        before, crowd = server.memory, Crowd(server.url, SAME)
        began = time.perf_counter()
        await crowd.come(tokens * (IDLE // PEOPLE))
        report.note("connected in", time.perf_counter() - began, "s")
        await asyncio.sleep(SETTLED)
        report.at_least(IDLE, "sockets", len(crowd.clients) - crowd.lost)
        report.at_most(35, "memory each", (server.memory - before) / len(crowd.clients) / 1024, "KiB")
        used, seconds = server.cpu, 10.0
        await asyncio.sleep(seconds)
        report.note("processor time meanwhile", 100 * (server.cpu - used) / seconds, "% of a core")
        crowd.leave()
    return [report.end()]


ROWS: dict[str, Row] = {"calm": calm, "cohort": cohort, "own": own, "idle": idle}


async def _burst(
    report: Report,
    server: Server,
    people: list[Any],
    document: str,
    events: int,
    publish: Callable[[], Coroutine[Any, Any, object]],
) -> tuple[float, float]:
    """Deliveries a second, and microseconds of the server's processor for each."""
    crowd = Crowd(server.url, document)
    await crowd.come([getattr(person, "token", "") for person in people])
    crowd.expect(len(crowd.clients))
    await publish()  # to have compiled and remembered what there is to be
    await crowd.complete(WITHIN)
    await asyncio.sleep(1)
    crowd.expect(events * len(crowd.clients))
    used = server.cpu
    for _ in range(events):
        await publish()
    await crowd.complete(WITHIN)
    seconds, cpu = crowd.last_at - crowd.first_at, server.cpu - used
    report.note("sockets", len(crowd.clients))
    report.note("events", events)
    crowd.leave()
    return crowd.count / seconds, cpu / crowd.count * 1e6


@asynccontextmanager
async def _audience(cluster: Cluster, number: int) -> AsyncIterator[tuple[Person, list[Person], People]]:
    """Somebody with so many followers."""
    async with People(cluster.engines) as people:
        [author], followers = await people.make(1), await people.make(number)
        await people.follow(followers, [author])
        yield author, followers, people


async def _publish(people: People, author: Person) -> None:
    """A post, written past the server, whose processor time is to be that of delivering it."""
    await posts.create(people.db, author.viewer, body=BODY, visibility=Visibility.PUBLIC)


def pin(server: Server) -> None:
    """Give the server the first core; everything else, having started in a process without it, has the others."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        psutil.Process(server.pid).cpu_affinity([0])
