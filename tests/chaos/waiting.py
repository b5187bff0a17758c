"""Waiting for what must come true."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

PATIENCE = 30.0
"""Seconds on a busy machine; what has a promise of its own is measured instead."""


async def until(good: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE, every: float = 0.01) -> float:
    """Wait until something is so; how long it took. Raises TimeoutError."""
    began = time.monotonic()
    while True:
        found = good()
        if await found if isawaitable(found) else found:
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s: {good.__qualname__}")
        await asyncio.sleep(every)
