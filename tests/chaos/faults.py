"""Every fault by its module's name, in the order of docs/reliability.md."""

from collections.abc import Awaitable
from importlib import import_module
from typing import Protocol, cast

from tests.chaos.cluster import Cluster
from tests.chaos.report import Report

NAMES = (
    "killed_worker",
    "killed_relay",
    "killed_redis",
    "redis_away",
    "restarted_postgres",
    "stopped_relay",
    "crashed_commit",
    "held_transaction",
    "rolling_restart",
    "reconnect_storm",
    "stalled_readers",
    "lost_sight",
    "malformed",
)


class Fault(Protocol):
    """Injects it into a cluster and says what came of it; `full` as often as was promised."""

    def __call__(self, cluster: Cluster, *, full: bool = False) -> Awaitable[Report]: ...


def named(name: str) -> Fault:
    """The fault of this name."""
    return cast("Fault", import_module(f"tests.chaos.{name}").run)
