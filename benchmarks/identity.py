"""What it costs to know who is calling, and whether the time that it takes tells anything.

`uv run python -m benchmarks.identity [SAMPLES]`: signs in with a wrong password as somebody and as nobody, so many
times each, in turns, the order of each pair by chance; then has tokens issued and verified, people signed in, and the
`viewer` query answered.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable
from statistics import mean, median
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import select

from auth import login, tokens
from auth.tokens import Tokens
from benchmarks.world import world
from core.embedded import engines
from core.errors import NotSignedIn
from core.limits import Limiter
from core.redis import connect
from core.settings import provide, settings
from domain import sessions
from domain.demo import HOST
from domain.device import Device
from loaders.context import Services
from models.users import User

TIMING_GOAL, ADDED_GOAL = 0.02, 0.03
AT_ONCE = 8
ROUNDS = 100
QUERY = json.dumps({"query": "{ viewer { id handle name } }"}).encode()
DEVICE = Device("192.0.2.1", "benchmark")


async def main(samples: int) -> None:
    engine = engines(settings().data)
    provide(database_url=world(20_000), redis_url=engine.redis_url)
    settings().attempts = 1e9
    settings().rate_burst = 10**9
    from transport.application import assemble

    app = assemble(settings())
    async with app.router.lifespan_context(app), connect(engine.redis_url) as redis:
        from core.database import Database

        db = Database(settings().database_url or "", pool_size=AT_ONCE, pool_timeout=30)
        await db.open()
        services = Services(db, None, Limiter(redis))  # type: ignore[arg-type]
        [[host]] = await db.read(select(User.id).where(User.handle == HOST))
        print(f"unknown account against wrong password, {samples:,} samples of each, in ms")
        await timing(services, samples)
        async with db.write() as tx:
            session = (await sessions.begin(tx, sessions.Known(host))).session_id
        token = tokens.issue(host, session)
        print("per second, one at a time:")
        verified = await rates(db, services.limiter, host, session, token)
        print(f"sign-ins per second, {AT_ONCE} at once: {await sign_ins(services, 200):10,.0f}")
        await added(app, token, verified)
        await db.close()


async def timing(services: Services, samples: int) -> None:
    """Compare the two failures."""
    times: dict[str, list[float]] = {HOST: [], "nobody_at_all": []}
    for _ in range(20):
        await failed(services, HOST)
    for _ in range(samples):
        for name in random.sample(list(times), 2):
            times[name].append(await failed(services, name))
    known, unknown = times.values()
    for what, of in {"median": median, "mean": mean}.items():
        difference = of(unknown) / of(known) - 1
        print(f"  {what:<8}{of(unknown):8.3f} {of(known):8.3f}  {difference:+.2%}; the goal is ±{TIMING_GOAL:.0%}")


async def failed(services: Services, name: str) -> float:
    """Milliseconds of a sign-in that fails."""
    started = perf_counter()
    try:
        await login.by_password(services, DEVICE, login=name, password="not it")  # noqa: S106
    except NotSignedIn:
        return (perf_counter() - started) * 1000
    raise AssertionError("It wasn't supposed to succeed.")


async def rates(db: Any, limiter: Limiter, user: int, session: int, token: str) -> float:
    """How many tokens are issued and verified, and the seconds for one that is known."""

    async def issued() -> None:
        tokens.issue(user, session)

    async def first() -> None:
        await Tokens(db, limiter).verified(f"Bearer {token}")

    known = Tokens(db, limiter)

    async def cached() -> None:
        await known.verified(f"Bearer {token}")

    for name, work, times in (
        ("tokens issued", issued, 5_000),
        ("tokens verified at first sight", first, 1_000),
        ("tokens verified again", cached, 50_000),
    ):
        await work()
        found = await per_second(work, times)
        print(f"  {name:<32}{found:12,.0f}")
    return 1 / found


async def per_second(work: Callable[[], Awaitable[None]], times: int) -> float:
    """How often it is done in a second."""
    started = perf_counter()
    for _ in range(times):
        await work()
    return times / (perf_counter() - started)


async def sign_ins(services: Services, times: int) -> float:
    """Sign-ins per second."""
    jobs = iter(range(times))

    async def work() -> None:
        for _ in jobs:
            user = await login.by_password(services, DEVICE, login=HOST, password="starling")  # noqa: S106
            async with services.db.write() as tx:
                await sessions.begin(tx, user, DEVICE)

    started = perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return times / (perf_counter() - started)


async def added(app: Any, token: str, verified: float) -> None:
    """What verifying a known token adds to the viewer query: too little to be seen in the query's own time."""
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        for _ in range(200):
            await answer(app, token)
        times.append((process_time() - started) / 200)
    whole = median(times)
    share = verified / (whole - verified)
    print(f"viewer query: {whole * 1e6:.0f} µs of CPU, {verified * 1e6:.1f} of them for its token")
    print(f"  verification adds {share:.2%}; the goal is at most {ADDED_GOAL:.0%}")


async def answer(app: Any, token: str) -> None:
    """One request, from ASGI to ASGI."""
    headers = [(b"authorization", b"Bearer " + token.encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "client": ("192.0.2.1", 1),
        "headers": headers, "http_version": "1.1", "scheme": "http", "root_path": "", "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": QUERY, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
