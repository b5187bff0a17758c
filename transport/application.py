"""The application, assembled from its rooms."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Route, WebSocketRoute

from auth.keys import ring
from auth.tokens import Tokens
from core import redis, telemetry, trusted
from core.database import Database
from core.errors import Unavailable
from core.limits import Limiter
from core.settings import Settings
from core.writers import Writers
from execution.admission import Limits
from execution.compiled import Plans
from execution.documents import Documents
from execution.public import Public
from execution.reference import Reference
from live.hub import Hub
from loaders.context import Services
from loaders.replica import Replica
from loaders.spread import Spread
from schema.root import schema
from transport import health, metrics, oauth
from transport.cookies import Cookies
from transport.cors import cors
from transport.explorer import Explorer
from transport.http import GraphQLOverHTTP
from transport.limits import Connections, SocketLimits
from transport.middleware import Careful
from transport.operations import DEADLINE, Library, Operations
from transport.pages import addresses as pages
from transport.persisted import Automatic
from transport.revocations import Revocations
from transport.shutdown import Shutdown
from transport.sse import Streams
from transport.trusted import Trusted
from transport.websocket import GraphQLOverWebSocket


def assemble(config: Settings) -> Starlette:
    """The application with these settings."""
    db = Database(
        config.database_url or "",
        pool_size=config.database_pool_size,
        pool_timeout=config.database_pool_timeout,
        pipeline=config.database_pipeline,
        statement_timeout=DEADLINE,
    )
    cache = redis.connect(config.redis_url or "")
    hub, limiter = Hub(db, cache), Limiter(cache)
    tokens = Tokens(db, limiter)
    graph = schema._schema
    executor = Plans(graph) if config.executor == "compiled" else Reference(graph)
    documents = Documents(graph, limits(config))
    replica = replica_of(config, db)
    spread = Spread(executor, replica, Writers(cache, config.replica_lag_seconds)) if replica else executor
    services, cookies = Services(db, hub, limiter), Cookies(config)
    operations = Operations(spread, documents, services, library(config, documents, cache))
    explorer = Explorer(demo=config.with_demo, may_build=config.build_explorer and not config.production)
    has_explorer = not (config.production and config.trusted_documents)
    connections = Connections(config.limit_sockets, config.limit_sockets_per_address, config.limit_sockets_per_user)
    streams, page = Streams(connections), explorer.page if has_explorer else None
    http = GraphQLOverHTTP(operations, tokens, cookies, streams, Public(graph), page, config)
    endpoint = cors(config.cors_origins, http)
    sockets = GraphQLOverWebSocket(
        operations,
        tokens,
        cookies,
        allowed_origins=config.cors_origins,
        limits=SocketLimits.of(config),
        connections=connections,
    )

    def revoke_unheard() -> None:
        tokens.forget_all()
        sockets.close_all()
        streams.close_all()

    async def drain(within: float) -> None:
        streams.drain()
        # The whole time, so that balancers see it and send nobody any more.
        await asyncio.gather(sockets.drain(within), asyncio.sleep(within))

    shutdown = Shutdown(drain, within=config.draining)
    hub.on_event(Revocations(tokens.forget, sockets.revoke, streams.revoke).hear)
    hub.on_gap(revoke_unheard)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        log = telemetry.configure()
        await db.open()
        if replica:
            await replica.open()
        await hub.start()
        with suppress(Unavailable):
            await ring.load(db)
        keys = asyncio.create_task(ring.keep(db))
        explorer.prepare()
        shutdown.prepare()
        end_worker = worker_of(db, config) if config.with_worker else None
        yield
        keys.cancel()
        if end_worker:
            await end_worker()
        explorer.close()
        await hub.stop()
        if replica:
            await replica.close()
        await db.close()
        await cache.aclose()
        log.flush()

    application = Starlette(
        routes=[
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", sockets),
            *metrics.routes(metrics.Parts(db, hub, executor, sockets, streams), config),
            *pages.routes(services, tokens, cookies, config),
            *oauth.routes(services, tokens, config),
            *health.routes(db, cache, lambda: shutdown.has_begun),
            *(explorer.routes if has_explorer else ()),
        ],
        lifespan=lifespan,
    )
    # Starlette would put a layer of its own around it, which answers what fails: Careful does.
    application.middleware_stack = Careful(
        ExceptionMiddleware(application.router),
        {"/graphql": endpoint},
        https_only=config.production,
        is_ending=lambda: shutdown.has_begun,
    )
    return application


def replica_of(config: Settings, primary: Database) -> Replica | None:
    """The replica, where there is one."""
    if not config.database_replica_url:
        return None
    return Replica(
        config.database_replica_url,
        primary,
        lag=config.replica_lag_seconds,
        size=config.database_pool_size,
        wait=config.database_pool_timeout,
        pipeline=config.database_pipeline,
    )


def worker_of(db: Database, config: Settings) -> Callable[[], Awaitable[object]]:
    """What does jobs in this process, begun; see `jobs.worker.begin`."""
    from jobs.parts import Parts  # 3 MB, where there is no worker
    from jobs.worker import begin

    return begin(Parts(db, config))


def library(config: Settings, documents: Documents, cache: Redis) -> Library:
    """Where operations come from: any text that is admitted, or only those of the file that is set."""
    if config.trusted_documents:
        return Trusted(documents, trusted.read(config.trusted_documents), introspection=not config.production)
    return Automatic(documents, cache, most=config.persisted_queries)


def limits(config: Settings) -> Limits:
    """The most that one operation may be."""
    return Limits(
        tokens=config.limit_tokens,
        depth=config.limit_depth,
        aliases=config.limit_aliases,
        root_fields=config.limit_root_fields,
        directives=config.limit_directives,
        price=config.limit_price,
    )
