"""`/metrics` for Prometheus: what this process has done and is doing. Counting costs nothing until somebody asks."""

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator
from os import getpid
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import metrics
from core.database import Database
from core.errors import Unavailable
from core.settings import Settings
from execution.compiled import Plans
from execution.executor import Executor
from live import log
from live.hub import Hub
from transport.sse import Streams
from transport.websocket import GraphQLOverWebSocket

Values = dict[tuple[str, ...], float]


class Parts(NamedTuple):
    """What has figures."""

    db: Database
    hub: Hub
    executor: Executor
    sockets: GraphQLOverWebSocket
    streams: Streams


class Figures(Collector):
    """Reads the parts' figures when they are asked for."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.lag: log.Lag | None = None
        """As it was when it was last asked; None when the database didn't say."""

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        yield from self._live()
        yield from self._connections()
        yield from self._relay()
        yield from self._queries()

    def _live(self) -> Iterator[Metric]:
        hub = self._parts.hub
        figures = hub.figures
        yield _counter("live_deliveries", "Updates handed to subscribers.", figures.deliveries)
        yield _counter("live_replays", "Subscribers that had to be told what they missed.", figures.replays)
        yield _counter("live_resyncs", "Subscribers that had to query anew.", figures.resyncs)
        yield _counter("live_stalls", "Times that a subscriber was too slow for its queue.", figures.stalls)
        yield _gauge("live_position", "The last event that this process has heard of.", hub.position)
        yield _gauge("live_channels", "Subjects that somebody listens to.", len(hub.channels))
        members = sum(len(channel.members) for channel in hub.channels.values())
        yield _gauge("live_subscribers", "Subscriptions.", members)
        depths = [channel.depth for channel in hub.channels.values()]
        yield _gauge("live_queue_depth", "Events that wait to be told, in the longest queue.", max(depths, default=0))

    def _connections(self) -> Iterator[Metric]:
        sockets, streams = list(self._parts.sockets.sockets), list(self._parts.streams.streams)
        by_kind: Values = {("websocket",): len(sockets), ("sse",): len(streams)}
        yield _gauge("connections", "Live connections.", by_kind, "kind")
        operations = sum(socket.subscriptions for socket in sockets)
        yield _gauge("socket_operations", "Operations that run on WebSockets.", operations)
        depths = [socket.depth for socket in sockets] + [stream.depth for stream in streams]
        yield _gauge("outbox_depth", "Messages that wait for the slowest client.", max(depths, default=0))

    def _relay(self) -> Iterator[Metric]:
        if self.lag is None:
            return
        behind = max(0, self.lag.last_seq - self._parts.hub.position)
        yield _gauge("relay_lag_events", "Committed events without a number.", self.lag.events)
        yield _gauge("relay_lag_seconds", "The age of the oldest of them.", self.lag.seconds)
        yield _gauge("oldest_writer_seconds", "The age of the oldest transaction that writes.", self.lag.oldest_writer)
        yield _gauge("reader_lag_events", "Numbered events that this process has yet to hear of.", behind)

    def _queries(self) -> Iterator[Metric]:
        executor = self._parts.executor
        if isinstance(executor, Plans):
            uses: Values = {("hit",): executor.hits, ("miss",): executor.misses}
            yield _counter("plans", "Executions by whether their plan was there.", uses, "result")
            fallbacks: Values = {(reason,): count for reason, count in executor.unsupported.items()}
            yield _counter("plan_fallbacks", "Executions by graphql-core, and why.", fallbacks, "reason")
        yield _counter("loader_batches", "Statements of loaders.", _by_name(metrics.batches), "loader")
        yield _counter("loader_keys", "Keys of those statements.", _by_name(metrics.keys), "loader")
        yield _gauge("database", "Connections and queries at the moment.", _by_name(self._parts.db.use), "what")


def _by_name(counts: Counter[str] | dict[str, int]) -> Values:
    return {(name,): count for name, count in counts.items()}


def _counter(name: str, help: str, values: float | Values, *labels: str) -> Metric:
    return _fill(CounterMetricFamily(f"starling_{name}", help, labels=("pid", *labels)), values)


def _gauge(name: str, help: str, values: float | Values, *labels: str) -> Metric:
    return _fill(GaugeMetricFamily(f"starling_{name}", help, labels=("pid", *labels)), values)


def _fill(family: CounterMetricFamily | GaugeMetricFamily, values: float | Values) -> Metric:
    pid = str(getpid())
    for labels, value in (values if isinstance(values, dict) else {(): values}).items():
        family.add_metric([pid, *labels], value)
    return family


class Page:
    """The endpoint, for whoever has the token."""

    def __init__(self, parts: Parts, config: Settings) -> None:
        self._db, self._figures = parts.db, Figures(parts)
        self._token = config.metrics_token.get_secret_value() if config.metrics_token else None

    async def show(self, request: Request) -> Response:
        """The figures, one process's."""
        if self._token is not None and not self._has_token(request):
            return Response("Send the metrics' token as a bearer.\n", 401, {"www-authenticate": "Bearer"})
        try:
            self._figures.lag = await log.lag(self._db)
        except Unavailable:
            self._figures.lag = None
        pages = generate_latest(metrics.REGISTRY), generate_latest(_Only(self._figures))
        return Response(b"".join(pages), headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})

    def _has_token(self, request: Request) -> bool:
        sent = request.headers.get("authorization", "")
        return hmac.compare_digest(sent.encode(), f"Bearer {self._token}".encode())


class _Only:
    """One collector as a registry."""

    def __init__(self, collector: Collector) -> None:
        self.collect = collector.collect


def routes(parts: Parts, config: Settings) -> Iterable[Route]:
    """`/metrics`; in production only where a token is set."""
    return [Route("/metrics", Page(parts, config).show)] if config.metrics_token or not config.production else []
