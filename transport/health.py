"""Whether the process lives, and whether it can serve: for load balancers and supervisors."""

import asyncio
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis
from sqlalchemy import literal, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.database import Database
from core.errors import Unavailable
from core.redis import AWAY

PATIENCE = 0.5
"""Seconds in which a part must answer to count as there; orchestrators commonly wait one."""
_ONE = select(literal(1))


def routes(db: Database, cache: "Redis", is_ending: Callable[[], bool]) -> list[Route]:
    """`/healthz` answers while the process lives; `/readyz` says 503 without PostgreSQL, or when the process ends."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        database, redis = await asyncio.gather(_answers(db.read(_ONE)), _answers(cache.ping()))
        parts = {"database": database, "redis": redis}
        states = {part: "ok" if up else "away" for part, up in parts.items()}
        status = "ending" if is_ending() else "ok" if database else "away"
        return JSONResponse({"status": status, **states}, 200 if status == "ok" else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _answers(question: Awaitable[object]) -> bool:
    probe = asyncio.ensure_future(question)
    probe.add_done_callback(lambda done: done.cancelled() or done.exception())
    done, _ = await asyncio.wait([probe], timeout=PATIENCE)
    if not done:
        probe.cancel()  # which psycopg tells a silent server, and waits: we don't
        return False
    try:
        await probe
    except (Unavailable, *AWAY):
        return False
    return True
