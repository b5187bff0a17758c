"""What the operation costs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loaders.context import Info


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A row of the schema's RateLimit."""

    cost: int
    limit: int
    remaining: int
    reset_at: datetime


async def rate_limit(info: Info) -> RateLimit:
    """What the operation cost, and what is left of the caller's allowance."""
    allowance = info.context.allowance
    reset_at = datetime.now(UTC) + timedelta(seconds=allowance.reset_after_seconds)
    return RateLimit(info.context.price, allowance.limit, allowance.remaining, reset_at)
