"""A transaction that has written its event is held open: nobody else's events wait for it, and then its own arrives."""

import asyncio
import time

from domain import events
from models.posts import Post, Visibility
from tests.chaos import history
from tests.chaos.cluster import Cluster
from tests.chaos.load import Load
from tests.chaos.people import People
from tests.chaos.report import Report
from tests.waiting import until

SECONDS, FULL = 5, 60
BODY = "Written long ago, and committed just now."


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """Numbers are given in the order of commits, so a late one is simply late."""
    report = Report("A transaction held open")
    seconds = FULL if full else SECONDS
    async with Load.running(cluster) as load, People(cluster.engines) as people:
        async with people.db.write() as tx:
            author = load.authors[0].number
            post = await tx.insert(Post, author_id=author, body=BODY, visibility=Visibility.PUBLIC)
            events.record(tx, events.PostAdded(post.id, author))
            await tx.flush()
            await asyncio.sleep(seconds)
        committed = time.monotonic()
        await until(lambda: all(BODY in (told.body for told in reader.told) for reader in load.readers))
        caught_up = time.monotonic() - committed
    report.note("held for", seconds, "s")
    report.within(5, "catch-up after its commit", caught_up, "s")
    history.check(load, report, p99_ms=300)
    return report.end()
