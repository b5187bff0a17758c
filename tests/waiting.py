"""Waiting for what must come true: seconds are those of an idle machine, and longer on one that has more to do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

PATIENCE = 30.0
"""Seconds for what has no promise of its own."""
SAMPLE = 0.02


def in_time(took: float, seconds: float) -> bool:
    """Whether something took less than so many seconds."""
    return took < seconds or took < seconds * slowness()


def slowness() -> float:
    """How many times as long as by itself a thread takes here, at the moment."""
    began, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < SAMPLE:
        pass
    return (time.perf_counter() - began) / SAMPLE


async def until(good: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE, every: float = 0.01) -> float:
    """Wait until something is so; how long it took. Raises TimeoutError."""
    began = time.monotonic()
    while True:
        found = good()
        if await found if isawaitable(found) else found:
            return time.monotonic() - began
        _check(good, time.monotonic() - began, seconds)
        await asyncio.sleep(every)


def hold_until(good: Callable[[], object], seconds: float = PATIENCE) -> float:
    """The same, where nothing else has to run meanwhile."""
    began = time.monotonic()
    while not good():
        _check(good, time.monotonic() - began, seconds)
        time.sleep(0.02)
    return time.monotonic() - began


def _check(good: Callable[[], object], waited: float, seconds: float) -> None:
    if not in_time(waited, seconds):
        raise TimeoutError(f"not within {seconds:.0f} s: {good.__qualname__}")
