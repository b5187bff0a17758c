"""Passwords: argon2id (RFC 9106, the OWASP minimum of 19 MiB, 2 passes), off the event loop, in a bounded pool.

As texts they are what RFC 8265 (OpaqueString) makes of them, so that a password is the same on every keyboard.
"""

import asyncio
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Unavailable
from domain.text import composed

LONGEST = 256
QUEUE = 64
"""Sign-ins that may wait for a thread; more are turned away, so that hashing can't take the server down."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_pool = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="argon2")
_waiting = 0


async def hash_password(password: str) -> str:
    """The hash to keep. Raises Unavailable when too many wait."""
    return str(await _run(_hasher.hash, opaque(password)))


async def verify(password_hash: str | None, password: str) -> bool:
    """Whether it is the password. Without a hash the same work is done, so that unknown users take as long."""
    text = opaque(password)
    matches = await _run(_verify, password_hash, text[:LONGEST])
    return bool(matches) and password_hash is not None and len(text) <= LONGEST


def are_weaker(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's: make it anew while the password is there."""
    return _hasher.check_needs_rehash(password_hash)


def opaque(password: str) -> str:
    """A password as it is hashed: NFC, with every blank a space. What is far too long is cut, and still too long."""
    blank = (" " if unicodedata.category(c) == "Zs" else c for c in password[: 4 * LONGEST + 1])
    return composed("".join(blank))


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody's password")


async def _run(work: object, *args: str | None) -> object:
    global _waiting
    if _waiting >= QUEUE:
        raise Unavailable("sign-in")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, work, *args)  # type: ignore[arg-type]
    finally:
        _waiting -= 1
