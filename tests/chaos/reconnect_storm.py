"""All servers are gone at once, and with them all sockets; once they are back, everybody is at the door."""

import asyncio
import time

from domain import posts
from models.posts import Visibility
from tests.chaos.cluster import Cluster
from tests.chaos.crowd import Crowd, allow_sockets
from tests.chaos.people import People
from tests.chaos.report import Report

SOCKETS, FULL = 400, 2_000
SUBSCRIPTION = """subscription ($after: Cursor) {
  feedUpdates(after: $after) { __typename ... on LiveEvent { cursor } ... on PostAdded { edge { node { id body } } } }
}"""
_CALLS = r"""
select coalesce(sum(calls), 0) from pg_stat_statements
where query ilike 'select%' and query ~* '\m(sessions|users|posts|follows|outbox)\M' and query !~* 'seq is null'
"""
"""What a resume might read; not whether the database is there, nor the relay's looks for new events."""


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """Each is another person with a token that the new processes have never seen; each missed one post."""
    report, number = Report("All sockets reconnect at once"), FULL if full else SOCKETS
    allow_sockets()
    async with People(cluster.engines) as people:
        [author], followers = await people.make(1), await people.make(number)
        await people.follow(followers, [author])
        tokens = [person.token for person in followers]
        page = await cluster.balancer.data("{ feed { liveCursor } }", tokens[0])
        before = [Crowd(server.url, SUBSCRIPTION) for server in cluster.servers]
        await asyncio.gather(*(crowd.come(tokens[turn::2]) for turn, crowd in enumerate(before)))
        for server in cluster.servers:
            server.kill()
        await posts.create(people.db, author.viewer, body="Missed by all.", visibility=Visibility.PUBLIC)
        await asyncio.gather(*(server.start() for server in cluster.servers))
        after = [Crowd(server.url, SUBSCRIPTION, page["feed"]["liveCursor"]) for server in cluster.servers]
        for turn, crowd in enumerate(after):
            crowd.expect(len(tokens[turn::2]))
        began = time.monotonic()
        selects = await _selects(cluster, _come_back(after, tokens))
        seconds = time.monotonic() - began
    report.at_least(number, "sockets", sum(len(crowd.clients) for crowd in after))
    report.within(30, "all resumed and told what they had missed", seconds, "s")
    report.at_most(0, "told twice, or something else", sum(crowd.count for crowd in after) - number)
    report.at_most(0, "closed", sum(crowd.lost for crowd in after))
    report.at_most(0.05, "SELECTs a resume", selects / number)
    for crowd in (*before, *after):
        crowd.leave()
    return report.end()


async def _come_back(crowds: list[Crowd], tokens: list[str]) -> None:
    parts = [tokens[turn::2] for turn in range(len(crowds))]
    await asyncio.gather(*(crowd.come(part, at_once=len(part)) for crowd, part in zip(crowds, parts, strict=True)))
    await asyncio.gather(*(crowd.complete(60) for crowd in crowds))


async def _selects(cluster: Cluster, work: object) -> int:
    """How many SELECTs the database saw while something was done."""
    with cluster.engines.connect() as connection:
        connection.execute("select pg_stat_statements_reset()")
        await work  # type: ignore[misc]
        [calls] = connection.execute(_CALLS).fetchone() or (0,)
    return int(calls)
