"""More at once than the database has connections for: each is answered, or told at once to come back."""

import asyncio
from pathlib import Path

import psycopg
from httpx2 import AsyncClient, Limits

from tests.api import Api
from tests.serving import serving
from tests.transport.test_outages import check_unavailable, timed

SIZE, REQUESTS = 2, 60
AT_ONCE = 1.0
"""Seconds that a refusal may take beyond the pool's patience on a busy machine; a busier one is measured."""
PATIENCE = 0.25
HELD = 3.0
"""Seconds that the flood finds what it wants locked: long after the last has been refused."""
NOTHING = "{ __typename }"
READS = ["{ latest { nodes { id author { handle } } } }", "{ feed { nodes { id } } }"]
POST = "mutation ($input: CreatePostInput!) { createPost(input: $input) { __typename } }"
CONNECTIONS = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


async def test_a_flood_is_refused_within_a_moment_and_nothing_hangs(own_url: str, redis_url: str, tmp_path: Path):
    few = {"STARLING_DATABASE_POOL_SIZE": str(SIZE), "STARLING_DEMO": "false"}
    few |= {"STARLING_WORKER": "false"}  # as in production: jobs have connections of their own
    with serving(own_url, redis_url, tmp_path / "log", **few) as server:
        async with AsyncClient(base_url=server.url, timeout=20, limits=Limits(max_connections=REQUESTS)) as http:
            api = Api(http)
            ada = await api.sign_up()
            hello = {"input": {"body": "Hello."}}
            requests = [*READS * (REQUESTS // 3), *[POST] * (REQUESTS // 3)]
            # Connects every client, too. Asks the database nothing, and so tells what the machine takes for so many.
            idle = max(seconds for _, seconds in await asyncio.gather(*(timed(api.post(NOTHING)) for _ in requests)))
            async with await psycopg.AsyncConnection.connect(own_url) as holder:
                await holder.execute("lock table posts")
                flood = [
                    asyncio.create_task(
                        timed(api.post(text, {"input": {"body": "Hello."}} if text is POST else None, ada))
                    )
                    for text in requests
                ]
                await asyncio.sleep(HELD)
                refused = [task.result() for task in flood if task.done()]
                waiting = [task for task in flood if not task.done()]
                [connections] = await (await holder.execute(CONNECTIONS)).fetchone() or [0]
            for answer, seconds in refused:
                check_unavailable(answer)
                assert seconds < PATIENCE + max(AT_ONCE, 4 * idle)
            waited = [answer for answer, _ in await asyncio.gather(*waiting)]
            assert [answer.status_code for answer in waited] == [200] * len(waited)
            assert len(refused) > REQUESTS / 2
            assert 0 < connections <= 3 * SIZE + 1, "what README says"
            for text in (*READS, POST):
                assert await api(text, ada, **hello)
            posted = sum(answer.json()["data"].get("createPost") is not None for answer in waited)
            async with await psycopg.AsyncConnection.connect(own_url) as checker:
                [posts] = await (await checker.execute("select count(*) from posts")).fetchone() or [0]
            assert posts == posted + 1, "who was refused left nothing"
