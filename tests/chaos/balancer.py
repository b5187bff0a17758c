"""What stands in for the load balancer: it knows who is ready, and tries another only where a connection is refused."""

import asyncio
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from httpx2 import AsyncClient, ConnectError, HTTPError, Limits, Response

from tests.chaos.servers import Server

CHECK_EVERY, CHECK_WITHIN = 0.1, 0.5
"""Seconds between looks at who is ready, and in which a server must say so."""


class Balancer:
    """Spreads requests and sockets over the servers that are ready."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers, self._turns = servers, cycle(servers)
        self._ready = set(servers)
        self._http = AsyncClient(timeout=20, limits=Limits(max_connections=None))
        self._checks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Balancer":
        self._checks = [asyncio.create_task(self._watch(server)) for server in self._servers]
        return self

    async def __aexit__(self, *_: object) -> None:
        for check in self._checks:
            check.cancel()
        await self._http.aclose()

    def next(self) -> Server:
        """Where the next caller goes: to one that is ready, or to any where none is."""
        turns = [next(self._turns) for _ in range(len(self._servers) + 1)][1:]
        return next((server for server in turns if server in self._ready), turns[0])

    async def ask(self, query: str, token: str | None = None, **variables: Any) -> Response:
        """The response of the server whose turn it is. Raises HTTPError when it breaks off, or all refuse."""
        for _ in self._servers[1:]:
            try:
                return await self.ask_at(self.next(), query, token, **variables)
            except ConnectError:
                continue
        return await self.ask_at(self.next(), query, token, **variables)

    async def ask_at(self, server: Server, query: str, token: str | None = None, **variables: Any) -> Response:
        """The response of one server. Raises HTTPError."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables}
        return await self._http.post(f"{server.url}/graphql", json=body, headers=headers)

    async def data(self, query: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """The data of an operation, asked for until it is answered."""
        while True:
            try:
                response = await self.ask(query, token, **variables)
            except HTTPError:
                continue
            if response.status_code == 200:
                answer = response.json()
                assert "errors" not in answer, answer["errors"]
                return dict(answer["data"])

    async def _watch(self, server: Server) -> None:
        while True:
            try:
                response = await self._http.get(f"{server.url}/readyz", timeout=CHECK_WITHIN)
                ready = response.status_code == 200
            except HTTPError:
                ready = False
            (self._ready.add if ready else self._ready.discard)(server)
            await asyncio.sleep(CHECK_EVERY)
