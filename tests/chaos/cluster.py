"""The cluster under test: real engines and two servers, any of which may be taken away."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from core.settings import settings
from tests.chaos.balancer import Balancer
from tests.chaos.engines import Engines
from tests.chaos.servers import Server, holder
from tests.chaos.waiting import until

SETTINGS = {
    "STARLING_ENV": "development",
    "STARLING_DEMO": "false",
    "STARLING_BUILD_EXPLORER": "false",
    "STARLING_ACCESS_TOKEN_SECONDS": "86400",
    "STARLING_RATE_BURST": "1000000000",
    "STARLING_WRITE_BURST": "1000000000",
}
"""Of the servers, and of the checker, which signs people in: faults are what is proven here, not limits."""


class Cluster:
    """Engines, servers, and clients' way to them."""

    def __init__(self, engines: Engines, servers: list[Server]) -> None:
        self.engines, self.servers, self.balancer = engines, servers, Balancer(servers)

    @classmethod
    @asynccontextmanager
    async def started(cls) -> AsyncIterator["Cluster"]:
        """A cluster for as long as the block runs."""
        async with AsyncExitStack() as stack:
            stack.enter_context(_settings())
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            engines = await stack.enter_async_context(Engines.started())
            servers = [Server(name, engines, logs / name) for name in ("north", "south")]
            cluster = cls(engines, servers)
            stack.push_async_callback(cluster._stop)
            await cluster.heal()
            await stack.enter_async_context(cluster.balancer)
            yield cluster

    async def heal(self) -> None:
        """Start what doesn't run."""
        await self.engines.start_postgres()
        await self.engines.start_redis()
        for server in self.servers:
            await server.start()

    async def relay(self) -> Server:
        """The server that is the relay; waits until there is one."""
        await until(lambda: holder(self.engines, self.servers) is not None)
        found = holder(self.engines, self.servers)
        return found or await self.relay()

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
