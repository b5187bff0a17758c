"""Redis or Valkey: a cache of the live stream's tail, the rate limiter's buckets, pokes. It owns nothing."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

AWAY = (RedisError, OSError, TimeoutError)
"""What a caller catches to go on without Redis."""


def connect(url: str) -> "Redis":
    """A client that fails at once instead of hiding an outage behind retries: PostgreSQL is the fallback.

    A connection that broke, maybe while it was idle, is replaced once, at once. So whatever is sent may arrive twice.
    """
    return Redis.from_url(
        url,
        decode_responses=True,
        legacy_responses=False,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        socket_connect_timeout=0.25,
        socket_timeout=2.0,
    )
