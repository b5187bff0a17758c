"""A wire between Starling and one of its servers, which can be cut, mended, jolted, or fall silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit, urlunsplit


class Wire:
    """Carries bytes both ways. `url` leads through it."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._query = {name: values[-1] for name, values in parse_qs(self._parts.query).items()}
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loud = asyncio.Event()
        self._loud.set()
        self._port = 0

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Wire"]:
        """A wire to the server of this URL, for as long as the block runs."""
        wire = cls(url)
        await wire.mend()
        try:
            yield wire
        finally:
            await wire.cut()

    @property
    def url(self) -> str:
        """The server's URL, through the wire."""
        user, at, _ = self._parts.netloc.rpartition("@")
        netloc = f"{user}{at}127.0.0.1:{self._port}"
        if self._parts.scheme == "unix":
            return f"redis://{netloc}/{self._query.get('db', 0)}"
        query = "sslmode=disable&gssencmode=disable" if self._parts.scheme.startswith("postgres") else ""
        return urlunsplit(self._parts._replace(netloc=netloc, query=query))

    async def mend(self) -> None:
        """Take connections again."""
        self._loud.set()
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Take none, and break those that there are."""
        if self._server:
            self._server.close()
        await self.jolt()

    async def jolt(self) -> None:
        """Break the connections that there are."""
        self._loud.set()
        for end in self._ends:
            end.transport.abort()
        await asyncio.sleep(0.02)

    def silence(self) -> None:
        """Take everything, and answer nothing."""
        self._loud.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            server_reader, server_writer = await self._connect()
            ends = {writer, server_writer}
            self._ends |= ends
            try:
                await asyncio.gather(self._pump(reader, server_writer), self._pump(server_reader, writer))
            finally:
                self._ends -= ends
                for end in ends:
                    end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._parts.scheme == "unix":
            return await asyncio.open_unix_connection(self._parts.path)
        host = self._query.get("host", self._parts.hostname or "localhost")
        port = int(self._query.get("port", self._parts.port or {"redis": 6379}.get(self._parts.scheme, 5432)))
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._loud.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
