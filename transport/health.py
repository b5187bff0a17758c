"""Whether the process lives, and whether it can serve: for load balancers and supervisors."""

from redis.asyncio import Redis
from sqlalchemy import literal, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.database import Database
from core.errors import Unavailable
from core.redis import AWAY

_ONE = select(literal(1))


def routes(db: Database, cache: "Redis") -> list[Route]:
    """`/healthz` answers while the process lives; `/readyz` says 503 without PostgreSQL, and whether Redis is there."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        database = await _answers(db)
        parts = {"database": database, "redis": await _pings(cache)}
        states = {part: "ok" if up else "away" for part, up in parts.items()}
        return JSONResponse({"status": "ok" if database else "away", **states}, 200 if database else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _answers(db: Database) -> bool:
    try:
        return bool(await db.read(_ONE))
    except Unavailable:
        return False


async def _pings(cache: "Redis") -> bool:
    try:
        return bool(await cache.ping())
    except AWAY:
        return False
