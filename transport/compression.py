"""Answers made smaller where that pays: zstd or gzip, as the client likes best, RFC 9110, section 12.5.3."""

import gzip
from functools import lru_cache

from zstandard import ZstdCompressor

from transport.negotiation import weighted

SMALLEST = 1400
"""Bytes: what fits into one packet arrives no sooner for being smaller."""
_ENCODINGS = ("zstd", "gzip")

_zstd = ZstdCompressor(level=1)


@lru_cache(maxsize=256)
def encoding(accepted: str | None) -> str | None:
    """The encoding for a client with this Accept-Encoding; zstd, the cheaper one, if it likes both alike."""
    if not accepted:
        return None
    weights = dict(map(weighted, accepted.split(",")))
    liking = {name: weights.get(name, weights.get("*", 0.0)) for name in _ENCODINGS}
    best = max(_ENCODINGS, key=liking.__getitem__)
    return best if liking[best] > 0 else None


def compress(body: bytes, encoding: str) -> bytes:
    """The body in an encoding."""
    return _zstd.compress(body) if encoding == "zstd" else gzip.compress(body, 1, mtime=0)
