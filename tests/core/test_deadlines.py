"""A block under a limit ends by it, and nothing else does."""

import asyncio

import pytest

from core.deadlines import Deadline


async def test_what_takes_too_long_ends_by_its_limit_and_what_is_quick_does_not():
    deadline, loop = Deadline(0.1), asyncio.get_running_loop()
    began = loop.time()

    async def take(seconds: float) -> float | None:
        try:
            with deadline.begin():
                await asyncio.sleep(seconds)
        except TimeoutError:
            return loop.time() - began
        return None

    slow, quick, later = await asyncio.gather(take(5), take(0.01), take(5))
    assert quick is None
    assert 0.1 <= (slow or 0) < 1
    assert 0.1 <= (later or 0) < 1
    await asyncio.sleep(0.15)
    assert await take(0.05) is None, "an old timer ends no new block"
    assert await take(5), "and a new block has its timer"


async def test_a_block_in_a_block_ends_alone():
    outer, inner = Deadline(5), Deadline(0.05)
    with outer.begin():
        with pytest.raises(TimeoutError), inner.begin():
            await asyncio.sleep(5)
        await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0


async def test_a_task_that_is_cancelled_by_another_stays_cancelled():
    deadline, begun = Deadline(0.05), asyncio.Event()

    async def wait() -> None:
        with deadline.begin():
            begun.set()
            await asyncio.sleep(5)

    task = asyncio.create_task(wait())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)


async def test_an_error_in_a_block_comes_out_as_it_is():
    with pytest.raises(ZeroDivisionError), Deadline(1).begin():
        _ = 1 / 0
