"""Figures counted where things happen, for `/metrics`. Labels name kinds of things, never people or content."""

from collections import Counter
from functools import cache
from os import getpid

from prometheus_client import CollectorRegistry, Histogram

REGISTRY = CollectorRegistry()
"""This process's. Each worker counts for itself, under its `pid`."""
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_requests = Histogram(
    "starling_http_request_seconds",
    "HTTP requests by what they asked for and the status of the answer.",
    ("pid", "kind", "status"),
    buckets=_SECONDS,
    registry=REGISTRY,
)

batches: Counter[str] = Counter()
"""Statements of loaders, by loader."""
keys: Counter[str] = Counter()
"""Keys of those statements."""


def count_batch(loader: str, size: int) -> None:
    """A loader reads for so many keys."""
    batches[loader] += 1
    keys[loader] += size


def time_request(kind: str, status: int, seconds: float) -> None:
    """An HTTP request was answered."""
    _of(kind, status).observe(seconds)


@cache
def _of(kind: str, status: int) -> Histogram:
    return _requests.labels(getpid(), kind, status)
