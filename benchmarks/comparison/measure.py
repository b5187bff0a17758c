"""The measurement: round by round, each server in turn, so that whatever else the machine does meets all of them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psycopg

from benchmarks.comparison import load
from benchmarks.comparison.answers import answer, difference, request
from benchmarks.comparison.floor import Floor
from benchmarks.comparison.operations import WRITER, Operation
from benchmarks.comparison.servers import STARLING, Server

CONNECTIONS = 16


@dataclass(frozen=True)
class Plan:
    """How long is measured."""

    rounds: int
    warm: float
    loaded: float
    alone: float
    """Seconds: before measuring, with many connections, with one."""


@dataclass(frozen=True)
class Sample:
    """One round of one server; times in milliseconds."""

    rate: float
    p50: float
    p99: float
    alone_p50: float
    cpu: float
    """Of the server, for one request."""
    busy: float
    """The share of its core that the server used."""
    generator_busy: float


@dataclass(frozen=True)
class Result:
    """An operation's rounds, by server."""

    operation: str
    samples: dict[str, list[Sample]]
    floors: list[float]
    """The floor's answers per second."""

    def median(self, server: str, figure: str) -> float:
        """The median of a server's rounds."""
        return median(getattr(sample, figure) for sample in self.samples[server])

    @property
    def floor(self) -> float:
        """The median of the floor's answers per second."""
        return median(self.floors)

    def ratio_within(self, server: str, over: str, under: str) -> float:
        """The median of the ratios of two figures of one server."""
        return median(getattr(each, over) / getattr(each, under) for each in self.samples[server])

    def ratio(self, over: str, under: str, figure: str) -> float:
        """The median of the rounds' ratios."""
        pairs = zip(self.samples[over], self.samples[under], strict=True)
        return median(getattr(a, figure) / getattr(b, figure) for a, b in pairs)


@dataclass(frozen=True)
class Run:
    """All that one run of the program finds out."""

    plan: Plan
    postgresql: int
    """The major version."""
    strangers: float
    """How many other processes wanted a core before it began."""
    results: list[Result] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)
    """Bytes that each server holds, by its name."""
    others: dict[str, float] = field(default_factory=dict)
    """Figures of other benchmarks."""

    def result(self, operation: str) -> Result | None:
        """An operation's result, if it was measured."""
        return next((result for result in self.results if result.operation == operation), None)


class Comparison:
    """One operation, asked of all servers."""

    def __init__(self, operation: Operation, servers: list[Server], stage: "Stage", token: str) -> None:
        self._operation, self._servers, self._stage = operation, servers, stage
        self._requests = {server.name: request(server, operation, token) for server in servers}
        self._lengths: dict[str, int] = {}

    def check(self) -> Any:
        """The answer that all of them give. Raises WrongAnswer."""
        answers = {server.name: self._ask(server) for server in self._servers}
        first, *others = answers
        for other in others:
            if answers[other] != answers[first]:
                where = difference(answers[first], answers[other])
                raise load.WrongAnswer(f"{self._operation.name}: {first} and {other} differ at {where}")
        return answers[first]

    def _ask(self, server: Server) -> Any:
        with self._stage.turn_of(server):
            for _ in range(4):  # the first ones may be compiled, or not yet
                response = load.once(server.url, self._requests[server.name])
        self._lengths[server.name] = len(response)
        return answer(response, without_ids=self._operation.writes)

    def measure(self, plan: Plan, floor: Floor) -> Result:
        """All rounds."""
        samples: dict[str, list[Sample]] = {server.name: [] for server in self._servers}
        floors = []
        for number in range(plan.rounds):
            first = number % len(self._servers)
            for server in self._servers[first:] + self._servers[:first]:
                samples[server.name].append(self._sample(server, plan, cold=number == 0))
            with self._stage.turn_of(None):
                floors.append(floor.rate(CONNECTIONS, plan.loaded))
        return Result(self._operation.name, samples, floors)

    def _sample(self, server: Server, plan: Plan, *, cold: bool) -> Sample:
        request, length = self._requests[server.name], self._lengths[server.name]
        with self._stage.turn_of(server):
            if cold or self._operation.writes:
                load.send(server.url, request, connections=CONNECTIONS, seconds=plan.warm)
            return _sample(server, request, plan, length)


def _sample(server: Server, request: bytes, plan: Plan, length: int) -> Sample:
    started, cpu, own = time.perf_counter(), server.cpu, time.process_time()
    loaded = load.send(server.url, request, connections=CONNECTIONS, seconds=plan.loaded, length=length)
    elapsed, cpu, own = time.perf_counter() - started, server.cpu - cpu, time.process_time() - own
    alone = load.send(server.url, request, connections=1, seconds=plan.alone, length=length)
    return Sample(
        rate=len(loaded) / elapsed,
        p50=_percentile(loaded, 50),
        p99=_percentile(loaded, 99),
        alone_p50=_percentile(alone, 50),
        cpu=cpu / len(loaded) * 1000,
        busy=cpu / elapsed,
        generator_busy=own / elapsed,
    )


def _percentile(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[(len(seconds) - 1) * percent // 100] * 1000


class Stage:
    """Sees to it that a server that writes does so alone, and that the next one finds the world as it was."""

    def __init__(self, operation: Operation, servers: list[Server], database: psycopg.Connection) -> None:
        self._writes, self._servers, self._database = operation.writes, servers, database

    @contextmanager
    def turn_of(self, server: Server | None) -> Iterator[None]:
        """Of a server, or the floor. If it writes, the others are frozen: Starling would tell of what rivals write."""
        with ExitStack() as stack:
            if self._writes:
                self._settle()
                for other in self._servers:
                    if other is not server:
                        stack.enter_context(other.frozen())
                stack.callback(self._clear, server)
            yield

    def _settle(self) -> None:
        """Wait until Starling has passed on what it wrote."""
        for _ in range(100):
            if not self._database.execute("select from outbox where seq is null limit 1").fetchone():
                return
            time.sleep(0.1)

    def _clear(self, server: Server | None) -> None:
        if server and server.name == STARLING:
            self._settle()
        else:
            self._database.execute("delete from outbox where seq is null")
        self._database.execute(_FORGET_POSTS, [WRITER])
        self._database.execute(_FORGET_SLOTS, [WRITER])
        self._database.execute("vacuum posts, user_counters, outbox")


_FORGET_POSTS = "delete from posts where author_id = (select id from users where handle = %s)"
_FORGET_SLOTS = "delete from user_counters where slot > 0 and user_id = (select id from users where handle = %s)"
