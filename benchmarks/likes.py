"""Likes per second of one post that everybody likes, against likes of a post each: `uv run python -m benchmarks.likes`.

Through the real command: a transaction with the policy, the like, the counter and the event. If writers queued for the
hot post's counter, the first number would be a small part of the second.
"""

import asyncio
import sys
from collections.abc import Sequence
from itertools import repeat
from statistics import median
from time import perf_counter

from sqlalchemy import func, select

from benchmarks.world import world
from core.database import Database
from domain import likes, posts
from domain.demo import HOST
from domain.viewer import Viewer
from models.posts import PostCounter, Visibility
from models.users import User

CONNECTIONS = 32
ROUNDS = 3


async def main(number: int) -> None:
    db = Database(world(20_000), pool_size=CONNECTIONS, pool_timeout=30)
    await db.open()
    [[host]] = await db.read(select(User.id).where(User.handle == HOST))
    people = [Viewer(row.id) for row in await db.read(select(User.id).where(User.id != host).limit(number))]
    hot, spread = [], []
    await measure(db, people, [await publish(db, host)] * len(people))
    for _ in range(ROUNDS):
        cool_posts = await asyncio.gather(*(publish(db, host) for _ in people))
        hot_post = await publish(db, host)
        hot.append(await measure(db, people, list(repeat(hot_post, len(people)))))
        spread.append(await measure(db, people, cool_posts))
        [[counted, slots]] = await db.read(
            select(func.sum(PostCounter.likes), func.count()).where(PostCounter.post_id == hot_post)
        )
        assert counted == len(people), f"{counted} likes counted of {len(people)}"
        for post in (hot_post, *cool_posts):
            await posts.remove(db, Viewer(host), post)
    print(f"{len(people)} people, {CONNECTIONS} connections, median of {ROUNDS} rounds; likes per second")
    print(f"  one hot post    {median(hot):8,.0f}   ({slots} slots)")
    print(f"  a post each     {median(spread):8,.0f}")
    print(f"  hot / spread    {median(hot) / median(spread):8.2f}")
    await db.close()


async def publish(db: Database, author: int) -> int:
    """A new public post's id."""
    post = await posts.create(db, Viewer(author), body="Who likes this?", visibility=Visibility.PUBLIC)
    return post.id


async def measure(db: Database, people: Sequence[Viewer], liked: Sequence[int]) -> float:
    """Likes per second when each likes a post, as many at a time as there are connections."""
    jobs = iter(zip(people, liked, strict=True))

    async def work() -> None:
        for viewer, post in jobs:
            await likes.like_post(db, viewer, post)

    started = perf_counter()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return len(people) / (perf_counter() - started)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
