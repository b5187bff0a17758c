"""What it costs to know who is calling, and whether the time that it takes tells anything.

`uv run python -m benchmarks.identity` prints it and writes docs/identity.md. It signs in with a wrong password as
somebody and as nobody, 10,000 times each, in turns, the order of each pair by chance; then it has tokens issued,
verified and introspected, people signed in, and the `viewer` query answered. `--quick` does less, and only prints.
"""

import argparse
import asyncio
import json
import platform
import random
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import select

from auth import login, tokens
from auth.oauth import lookup
from auth.oauth.requests import Request
from auth.proofs import Shown
from auth.tokens import Tokens
from benchmarks import machine
from benchmarks.world import world
from core.database import Database
from core.embedded import engines
from core.errors import NotSignedIn
from core.ids import encode
from core.limits import Limiter
from core.redis import connect
from core.settings import provide, settings
from domain import apps, sessions
from domain.demo import HOST
from domain.device import Device
from domain.registration import described
from loaders.context import Services
from models.users import User
from tests.auth.prover import Key

PAGE = Path(__file__).parent.parent / "docs/identity.md"
TIMING_GOAL, ADDED_GOAL = 0.02, 0.03
AT_ONCE = 8
QUERY = json.dumps({"query": "{ viewer { id handle name } }"}).encode()
DEVICE = Device("192.0.2.1", "benchmark")
NOBODY = "nobody_at_all"


@dataclass(frozen=True)
class Plan:
    """How often things are done."""

    samples: int = 10_000
    times: int = 2_000
    sign_ins: int = 400
    rounds: int = 100


QUICK = Plan(samples=100, times=200, sign_ins=40, rounds=10)


@dataclass(frozen=True)
class Caller:
    """Somebody's sign-in and an app's, as tokens."""

    user_id: int
    session_id: int
    token: str
    key: Key
    bound: str
    """Bound to the key."""
    introspection: Callable[[], Request]


async def main(plan: Plan) -> list[str]:
    """The page's lines."""
    engine = engines(settings().data)
    provide(database_url=world(20_000), redis_url=engine.redis_url)
    settings().attempts = 1e9
    settings().rate_burst = 10**9
    from transport.application import assemble

    app = assemble(settings())
    db = Database(settings().database_url or "", pool_size=AT_ONCE, pool_timeout=30)
    async with app.router.lifespan_context(app), connect(engine.redis_url) as redis:
        await db.open()
        services = Services(db, None, Limiter(redis))  # type: ignore[arg-type]
        caller = await somebody(db)
        told = await timing(services, plan.samples)
        found = await rates(services, caller, plan.times)
        found[f"sign-ins, {AT_ONCE} at once"] = await sign_ins(services, plan.sign_ins)
        added = await share(app, caller, 1 / found["tokens verified again"], plan.rounds)
        await db.close()
    return [*head(), *told, *table(found), *added]


def head() -> list[str]:
    return [
        "# What it costs to know who is calling",
        "",
        "Written by `uv run python -m benchmarks.identity`, which does all of it again; don't edit it by hand.",
        "",
        f"{machine.here()} Python {platform.python_version()}.",
        "",
    ]


async def somebody(db: Database) -> Caller:
    """The demo's host, by a sign-in and by an app."""
    [[host]] = await db.read(select(User.id).where(User.handle == HOST))
    about = {"website": None, "redirect_uris": ["https://app.example/"], "scopes": ["profile:read"]}
    app = described(name="A benchmark", grant_types=["authorization_code"], auth_method="client_secret_basic", **about)
    async with db.write() as tx:
        session_id = (await sessions.begin(tx, sessions.Known(host))).session_id
        made, secret = await apps.make(tx, app)
        lent = await sessions.begin_lent(tx, made.id, made.scopes, user_id=host)
    client_id, key = encode("app", made.id), Key()
    basic = {"authorization": f"Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}"}
    token = tokens.issue(host, lent.session_id, client_id=client_id, scope="profile:read")
    asks = partial(Request, "POST", "/oauth/introspect", basic, [("token", token)])
    own = partial(tokens.issue, host, session_id)
    return Caller(host, session_id, own(), key, own(jkt=key.jkt), asks)


async def timing(services: Services, samples: int) -> list[str]:
    """Compare the two failures."""
    times: dict[str, list[float]] = {HOST: [], NOBODY: []}
    for _ in range(20):
        await failed(services, HOST)
    for _ in range(samples):
        for name in random.sample(list(times), 2):
            times[name].append(await failed(services, name))
    wrong, unknown = times.values()
    measures = {"median": median, "mean": mean} | {
        f"{percent} % take less": partial(percentile, percent=percent) for percent in (10, 90)
    }
    rows = [(name, of(wrong), of(unknown)) for name, of in measures.items()]
    differs = abs(median(unknown) / median(wrong) - 1)
    return [
        "## What a failed sign-in tells",
        "",
        f"{samples:,} sign-ins with a wrong password and as many for an account that doesn't exist, in turns. The",
        f"medians may differ by {TIMING_GOAL:.0%}, and differ by {differs:.2%}.",
        "",
        "| ms | wrong password | unknown account | difference |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {known:.3f} | {nobody:.3f} | {nobody / known - 1:+.2%} |" for name, known, nobody in rows),
        "",
    ]


def percentile(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


async def failed(services: Services, name: str) -> float:
    """Milliseconds of a sign-in that fails."""
    started = perf_counter()
    try:
        await login.by_password(services, DEVICE, login=name, password="not it")  # noqa: S106
    except NotSignedIn:
        return (perf_counter() - started) * 1000
    raise AssertionError("It wasn't supposed to succeed.")


async def rates(services: Services, caller: Caller, times: int) -> dict[str, float]:
    """How often what an app or a server does with tokens is done in a second, one at a time."""
    db, known = services.db, Tokens(services.db, services.limiter)
    proofs: Iterator[str] = iter([caller.key.proof("POST", "/graphql", caller.bound) for _ in range(times + 1)])

    async def issued() -> None:
        tokens.issue(caller.user_id, caller.session_id)

    async def first() -> None:
        await Tokens(db, services.limiter).verified(f"Bearer {caller.token}")

    async def again() -> None:
        await known.verified(f"Bearer {caller.token}")

    async def bound() -> None:
        await known.verified(f"DPoP {caller.bound}", shown=Shown(next(proofs), "POST", "/graphql"))

    async def introspected() -> None:
        answer = await lookup.introspect(db, DEVICE, caller.introspection())
        assert answer.body["active"], answer  # type: ignore[index]

    return {
        "tokens issued": await per_second(issued, times),
        "tokens verified at first sight": await per_second(first, times),
        "tokens verified again": await per_second(again, 25 * times),
        "bound tokens verified again, each with a proof of its own (DPoP)": await per_second(bound, times),
        "introspections, without HTTP": await per_second(introspected, times),
    }


async def per_second(work: Callable[[], Awaitable[None]], times: int) -> float:
    """How often it is done in a second."""
    await work()
    started = perf_counter()
    for _ in range(times):
        await work()
    return times / (perf_counter() - started)


async def sign_ins(services: Services, times: int) -> float:
    """Sign-ins per second."""
    jobs = iter(range(times))

    async def work() -> None:
        for _ in jobs:
            who = await login.by_password(services, DEVICE, login=HOST, password="starling")  # noqa: S106
            async with services.db.write() as tx:
                await sessions.begin(tx, who, DEVICE)

    started = perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return times / (perf_counter() - started)


def table(found: dict[str, float]) -> list[str]:
    rows = (f"| {name} | {rate:,.0f} | {1e6 / rate:,.1f} |" for name, rate in found.items())
    heading = ["## Rates", "", "One after the other, in one process.", ""]
    return [*heading, "| | per second | µs |", "|---|---:|---:|", *rows, ""]


async def share(app: Any, caller: Caller, verified: float, rounds: int) -> list[str]:
    """What verifying a known token adds to the viewer query: too little to be seen in the query's own time."""
    times = []
    for _ in range(rounds):
        started = process_time()
        for _ in range(200):
            await answer(app, caller.token)
        times.append((process_time() - started) / 200)
    whole = median(times)
    added = verified / (whole - verified)
    return [
        "## What it adds to a query",
        "",
        f"The `viewer` query takes {whole * 1e6:.0f} µs of CPU from ASGI to ASGI, {verified * 1e6:.1f} of them for its",
        f"token: that adds {added:.2%}, and may add {ADDED_GOAL:.0%}.",
        "",
    ]


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
    parser = argparse.ArgumentParser(prog="benchmarks.identity", description="What knowing who calls costs, and tells.")
    parser.add_argument("--quick", action="store_true", help="do less, and only print")
    parser.add_argument("--samples", type=int, help="failed sign-ins of each kind (default: 10,000; with --quick 100)")
    options = parser.parse_args()
    plan = QUICK if options.quick else Plan()
    page = "\n".join(asyncio.run(main(replace(plan, samples=options.samples or plan.samples))))
    print(page)
    if not options.quick:
        PAGE.write_text(page, "utf-8")
