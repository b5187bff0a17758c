"""Loading by the level: the same batches and the same cache as one key at a time."""

import asyncio

import pytest
from aiodataloader import DataLoader

from execution.loading import LevelLoader, ask, load_at_once


class Squares:
    """A batch function that notes what it was asked for."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.fails = False
        self.begun = asyncio.Event()

    async def __call__(self, keys: list[int]) -> list[int | Exception]:
        self.batches.append(keys)
        self.begun.set()
        await asyncio.sleep(0.001)
        if self.fails:
            raise OSError("away")
        return [ValueError(key) if key == 13 else key * key for key in keys]


@pytest.fixture
def squares() -> Squares:
    return Squares()


@pytest.fixture
async def loader(squares) -> LevelLoader[int, int]:
    async def load(keys):
        return await squares(keys)

    return LevelLoader(load)


async def test_a_level_is_one_batch_of_its_distinct_keys(loader, squares):
    assert await loader.ask([3, 1, 3, 2]) == [9, 1, 9, 4]
    assert await loader.ask([2, 3]) == [4, 9]
    assert squares.batches == [[3, 1, 2]]


async def test_levels_and_single_keys_share_batches_and_values(loader, squares):
    one, level, other = await asyncio.gather(loader.load(1), loader.ask([1, 2]), loader.ask([2, 3]))
    assert (one, level, other) == (1, [1, 4], [4, 9])
    assert await loader.load(3) == 9
    assert squares.batches == [[1, 2, 3]]


async def test_what_is_being_loaded_isnt_asked_for_again(loader, squares):
    first = asyncio.ensure_future(loader.ask([1, 2]))
    await squares.begun.wait()
    assert await loader.ask([2, 3, 1]) == [4, 9, 1]
    assert await first == [1, 4]
    assert squares.batches == [[1, 2], [3]]


async def test_who_knows_that_nobody_else_asks_neednt_wait_for_it(loader, squares):
    asked = loader.ask([1, 2])
    assert await load_at_once(loader, [2, 3]) == [4, 9]
    assert await asked == [1, 4]
    assert await load_at_once(loader, [1]) == [1]
    assert squares.batches == [[1, 2, 3]]


async def test_a_level_that_is_cancelled_takes_nobody_along(loader, squares):
    level = asyncio.ensure_future(load_at_once(loader, [1]))
    await squares.begun.wait()
    other = asyncio.ensure_future(loader.load(1))
    await asyncio.sleep(0)
    level.cancel()
    assert await other == 1


async def test_a_batch_that_ends_first_is_waited_for_too(loader, squares):
    slow = asyncio.ensure_future(loader.ask([1]))
    await squares.begun.wait()
    squares.begun.clear()
    quick = asyncio.ensure_future(loader.ask([2]))
    await squares.begun.wait()
    async with asyncio.timeout(5):
        assert await loader.ask([1, 2]) == [1, 4]
    assert [await slow, await quick] == [[1], [4]]


async def test_a_key_that_fails_fails_alone_and_is_remembered(loader, squares):
    values = await loader.ask([13, 2])
    assert isinstance(values[0], ValueError)
    assert values[1] == 4
    with pytest.raises(ValueError, match="13"):
        await loader.load(13)
    assert len(squares.batches) == 1


async def test_a_batch_that_fails_fails_for_all_and_is_tried_again(loader, squares):
    squares.fails = True
    assert list(map(str, await loader.ask([1, 2]))) == ["away", "away"]
    squares.fails = False
    assert await loader.ask([1, 2]) == [1, 4]


async def test_who_is_cancelled_takes_nobody_along(loader):
    level, one, other = (asyncio.ensure_future(each) for each in (loader.ask([1]), loader.load(1), loader.load(1)))
    await asyncio.sleep(0)
    level.cancel()
    one.cancel()
    assert await other == 1
    assert await loader.ask([1]) == [1]


async def test_a_cleared_key_is_loaded_anew_even_while_it_loads(loader, squares):
    old = asyncio.ensure_future(loader.ask([1, 2]))
    await squares.begun.wait()
    loader.clear(1)
    assert await loader.ask([1]) == [1]
    assert await old == [1, 4]
    loader.clear_all()
    await loader.ask([1, 2])
    assert squares.batches == [[1, 2], [1], [1, 2]]


async def test_a_primed_value_is_taken(loader, squares):
    loader.prime(1, 100).prime(1, 200)
    assert await loader.ask([1, 2]) == [100, 4]
    assert await loader.load(1) == 100
    assert squares.batches == [[2]]


async def test_too_few_values_are_an_error_for_every_key():
    async def load(keys: list[int]) -> list[int]:
        return keys[1:]

    [error, _] = await LevelLoader(load).ask([1, 2])
    assert str(error) == "The batch function returned 1 values for 2 keys."


async def test_any_dataloader_can_be_asked_for_a_level(squares):
    async def load(keys):
        return await squares(keys)

    values = await ask(DataLoader(load), [1, 2, 1, 13])
    assert values[:3] == [1, 4, 1]
    assert isinstance(values[3], ValueError)
    assert squares.batches == [[1, 2, 13]]
