"""What a read costs this process, through the pipeline and on the pool: `uv run python -m benchmarks.reads [ROUNDS]`.

Client CPU and latency of each read, the two ways in turn, on a connection's own loop as the server runs it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from time import perf_counter, process_time

import uvloop
from sqlalchemy import select

from benchmarks.world import world
from core.database import Database
from loaders.base import ANY_KEY
from models.posts import Post
from models.users import User

USERS = select(User).where(User.id == ANY_KEY)
POSTS = select(Post).where(Post.id == ANY_KEY)
Work = Callable[[Database], Awaitable[object]]


async def main(rounds: int) -> None:
    url = world(20_000)
    pool, pipeline = (Database(url, pipeline=way, pool_timeout=30) for way in (False, True))
    for db in (pool, pipeline):
        await db.open()
    users = [row.id for row in await pool.read(select(User.id).limit(500))]
    posts = [row.id for row in await pool.read(select(Post.id).limit(500))]

    def reading(*keys: Sequence[int], of: object = USERS) -> Work:
        return lambda db: asyncio.gather(*(db.read(of, keys=list(each)) for each in keys))  # type: ignore[call-overload]

    shapes = {
        "one row": reading(users[:1]),
        "50 rows": reading(posts[:50], of=POSTS),
        "500 rows": reading(posts, of=POSTS),
        "8 at a time, one row": reading(*([user] for user in users[:8])),
        "8 at a time, 50 rows": reading(*(posts[i : i + 50] for i in range(0, 400, 50)), of=POSTS),
        "64 at a time, one row": reading(*([user] for user in users[:64])),
    }
    print(f"{rounds} rounds\n{'µs':>24}{'CPU: pool':>12}{'pipeline':>10}{'ratio':>8}{'time: pool':>13}{'pipeline':>10}")
    for name, work in shapes.items():
        times = [[await measure(db, work) for db in (pool, pipeline)] for _ in range(rounds)]
        (pool_cpu, pool_time), (cpu, time) = (
            [median(values) for values in zip(*each, strict=True)] for each in zip(*times, strict=True)
        )
        print(f"{name:>24}{pool_cpu:12.0f}{cpu:10.0f}{pool_cpu / cpu:8.1f}{pool_time:13.0f}{time:10.0f}")
    for db in (pool, pipeline):
        await db.close()


async def measure(db: Database, work: Work, times: int = 50) -> tuple[float, float]:
    """µs of this process's CPU and of the clock for the work."""
    await work(db)
    started, cpu = perf_counter(), process_time()
    for _ in range(times):
        await work(db)
    return (process_time() - cpu) / times * 1e6, (perf_counter() - started) / times * 1e6


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
