"""Generated frames and bodies that no client should send: each gets a clear answer, and nothing breaks."""

import asyncio
from collections import Counter

from httpx2 import AsyncClient

from tests.chaos.cluster import Cluster
from tests.chaos.fuzz import Fuzz
from tests.chaos.people import People
from tests.chaos.report import Report
from tests.chaos.servers import Server

EACH, FULL_EACH, AT_ONCE = 1_000, 50_000, 8
FRAMES_A_SOCKET = 3
QUIET = 0.05
"""Seconds without a word, after which a socket that is still open has said what it had to say."""
ABNORMAL, INTERNAL = 1006, 1011
HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


async def run(cluster: Cluster, *, full: bool = False) -> Report:
    """The seeds are fixed, so that what is found once is found again."""
    report, each = Report("Malformed frames and bodies"), FULL_EACH if full else EACH
    before = [len(server.said) for server in cluster.servers]
    async with People(cluster.engines) as people:
        [person] = await people.make(1)
    statuses, codes = await asyncio.gather(_bodies(cluster, each), _frames(cluster, each, person.token))
    logs = "".join(server.said[start:] for server, start in zip(cluster.servers, before, strict=True)).lower()
    report.note("bodies", statuses.total())
    report.note("frames", each)
    report.note("sockets", codes.total())
    for code, times in sorted((statuses | codes).items()):
        report.note(f"answered {code}" if code < 1000 else f"closed {code}", times)
    report.at_most(0, "tracebacks", logs.count("traceback"))
    report.at_most(0, "answers 5xx", sum(times for status, times in statuses.items() if status >= 500))
    report.at_most(0, "sockets closed 1006 or 1011", codes[ABNORMAL] + codes[INTERNAL])
    return report.end()


async def _bodies(cluster: Cluster, number: int) -> Counter[int]:
    statuses: Counter[int] = Counter()

    async def send(http: AsyncClient, seed: int) -> None:
        fuzz = Fuzz(seed)
        for _ in range(number // AT_ONCE):
            url = f"{cluster.balancer.next().url}/graphql"
            response = await http.post(url, content=fuzz.body(), headers=fuzz.headers())
            statuses[response.status_code] += 1

    async with AsyncClient(timeout=20) as http:
        await asyncio.gather(*(send(http, seed) for seed in range(AT_ONCE)))
    return statuses


async def _frames(cluster: Cluster, number: int, token: str) -> Counter[int]:
    codes: Counter[int] = Counter()

    async def talk(seed: int) -> None:
        fuzz = Fuzz(seed)
        for turn in range(number // AT_ONCE // FRAMES_A_SOCKET):
            frames = [fuzz.frame() for _ in range(FRAMES_A_SOCKET)]
            codes[await _socket(cluster.balancer.next(), frames, token if turn % 2 else None)] += 1

    await asyncio.gather(*(talk(seed) for seed in range(100, 100 + AT_ONCE)))
    return codes


async def _socket(server: Server, frames: list[bytes], token: str | None) -> int:
    """How a socket ended that said this: by a close code, or, 0, because we left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(HANDSHAKE.format(f"127.0.0.1:{server.port}").encode())
        await reader.readuntil(b"\r\n\r\n")
        if token:
            init = f'{{"type":"connection_init","payload":{{"authorization":"Bearer {token}"}}}}'.encode()
            writer.write(b"\x81\xfe" + len(init).to_bytes(2, "big") + b"\0\0\0\0" + init)
        for frame in frames:
            writer.write(frame)
        return await _ending(reader)
    except ConnectionResetError:
        return ABNORMAL
    finally:
        writer.transport.abort()


async def _ending(reader: asyncio.StreamReader) -> int:
    while True:
        try:
            async with asyncio.timeout(QUIET):
                head = await reader.readexactly(2)
        except TimeoutError:
            return 0
        except asyncio.IncompleteReadError:
            return ABNORMAL
        size = head[1]
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        payload = await reader.readexactly(size)
        if head[0] == 0x88:
            return int.from_bytes(payload[:2], "big") if payload else 1005
