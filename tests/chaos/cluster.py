"""The cluster under test: real engines and two servers, any of which may be taken away."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from core.settings import settings
from live.relay import LOCK as RELAY_LOCK
from tests.chaos.balancer import Balancer
from tests.chaos.engines import Engines
from tests.chaos.servers import Server
from tests.waiting import until

_HOLDER = """
select application_name from pg_locks join pg_stat_activity using (pid)
where locktype = 'advisory' and granted and classid = 0 and objid = %s
"""
SETTINGS = {
    "STARLING_ENV": "development",
    "STARLING_DEMO": "false",
    "STARLING_BUILD_EXPLORER": "false",
    "STARLING_DRAIN_SECONDS": "1",
    "STARLING_ACCESS_TOKEN_SECONDS": "86400",
    "STARLING_RATE_BURST": "1000000000",
    "STARLING_WRITE_BURST": "1000000000",
    "STARLING_ATTEMPTS": "1000000",
    "STARLING_LIMIT_SOCKETS": "100000",
    "STARLING_LIMIT_SOCKETS_PER_ADDRESS": "100000",
}
"""Of the servers, and of the checker, which signs people in: faults are what is proven here, not limits."""


class Cluster:
    """Engines, servers, and clients' way to them."""

    def __init__(self, engines: Engines, logs: Path, servers: int) -> None:
        self.engines, self._logs = engines, logs
        self.servers = [self.server(name) for name in ("north", "south")[:servers]]
        self.balancer = Balancer(self.servers)

    @classmethod
    @asynccontextmanager
    async def started(cls, servers: int = 2) -> AsyncIterator["Cluster"]:
        """A cluster for as long as the block runs."""
        async with AsyncExitStack() as stack:
            stack.enter_context(_settings())
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            engines = await stack.enter_async_context(Engines.started())
            cluster = cls(engines, logs, servers)
            stack.push_async_callback(cluster._stop)
            await cluster.heal()
            await stack.enter_async_context(cluster.balancer)
            yield cluster

    def server(self, name: str, *program: str) -> Server:
        """A server over the same engines, which the balancer doesn't know of unless it is one of the two."""
        return Server(name, self.engines, self._logs / name, program or ("server.py",))

    async def heal(self) -> None:
        """Start what doesn't run."""
        await self.engines.start_postgres()
        await self.engines.start_redis()
        for server in self.servers:
            await server.start()

    async def relay(self) -> Server:
        """The server that is the relay; waits until there is one."""
        await until(lambda: self.holder() is not None)
        return self.holder() or await self.relay()

    def holder(self) -> Server | None:
        """The server that holds the relay's lock; None in the moments in which nobody does."""
        with self.engines.connect() as connection:
            found = connection.execute(_HOLDER, [RELAY_LOCK]).fetchone()
        return next((server for server in self.servers if found and server.name == found[0]), None)

    async def _stop(self) -> None:
        for server in self.servers:
            if server.runs:
                server.kill()


@contextmanager
def _settings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield
    settings.cache_clear()
