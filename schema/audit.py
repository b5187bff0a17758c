"""The security log, as its person reads it."""

from datetime import datetime
from typing import Any

import strawberry

from domain.audit import SecurityEventKind
from execution.fields import column
from schema.pages import Connection


def _details(event: Any) -> list[tuple[str, Any]]:
    return sorted(event.details.items())


def _name(detail: tuple[str, Any]) -> str:
    return detail[0]


def _value(detail: tuple[str, Any]) -> str:
    return str(detail[1])


@strawberry.type(description="One thing more about a security event.")
class SecurityEventDetail:
    """One thing more about an event."""

    name: str = column("What it is, e.g. `session` or `reason`.", of=_name)
    value: str = column("For a person to read, or an id.", of=_value)


@strawberry.type(description="Something that happened to an account. Kept for a year, and never changed.")
class SecurityEvent:
    """Something that happened to an account."""

    kind: SecurityEventKind = column("What happened.")
    created_at: datetime = column("When.")
    address: str | None = column("The IP address that it came from, where it came from somebody's device.")
    agent: str | None = column("The browser or program that it came from, as it called itself.")
    details: list[SecurityEventDetail] = column("What more there is to know, in the order of names.", of=_details)


@strawberry.type(description="One page of a security log.")
class SecurityEventConnection(Connection[SecurityEvent]):
    """One page of a security log."""
