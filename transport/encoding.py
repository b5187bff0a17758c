"""Answers as bytes."""

import orjson


def encode(body: object) -> bytes:
    """A response in JSON, moments in UTC as RFC 3339 has them."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)
