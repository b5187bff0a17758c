"""aiodataloader by the level: one future for all keys of a level instead of one for each."""

from asyncio import AbstractEventLoop, Future, Task, gather
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

K = TypeVar("K")
V = TypeVar("V")


class _Batch(Generic[K, V]):
    """Keys that are loaded together."""

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.futures: list[tuple[K, Future[V]]] = []
        self.waiting: list[Future[None]] = []
        self.values: dict[K, V | Exception] = {}


class LevelLoader(DataLoader[K, V], Generic[K, V]):
    """A DataLoader that also takes a whole level's keys at once, into the same batches and the same cache.

    It always batches and always caches, by the key itself.
    """

    def __init__(self, batch_load_fn: Callable[[list[K]], Coroutine[Any, Any, list[V]]] | None = None) -> None:
        super().__init__(batch_load_fn)
        self.loop: AbstractEventLoop
        self._known: dict[K, V | Exception] = {}
        self._loading: dict[K, _Batch[K, V]] = {}
        self._open: _Batch[K, V] | None = None
        self._tasks: set[Task[None]] = set()
        self._cleared = 0

    async def load_level(self, keys: Sequence[K]) -> list[V | Exception]:
        """The keys' values in their order; an exception stands where one couldn't be had."""
        known = self._known
        distinct = dict.fromkeys(keys)
        missing = [key for key in distinct if key not in known] if known else list(distinct)
        if not missing:
            return [known[key] for key in keys]
        found: dict[K, V | Exception] = {key: known[key] for key in distinct.keys() - missing} if known else {}
        for batch in self._enqueue(missing):
            waiting: Future[None] = self.loop.create_future()
            batch.waiting.append(waiting)
            await waiting
            found = {**batch.values, **found} if found else batch.values
        return [found[key] for key in keys]

    def load(self, key: K) -> "Future[V]":
        """The future of one key's value."""
        if key is None:
            raise TypeError(f"The loader.load() function must be called with a value, but got: {key}.")
        future = self._cache.get(key)
        if future is None or future.cancelled():
            future = self._cache[key] = self.loop.create_future()
            if key in self._known:
                _resolve(future, self._known[key])
            else:
                [batch] = self._enqueue([key])
                batch.futures.append((key, future))
        return future

    def clear(self, key: K) -> "LevelLoader[K, V]":
        """Forget a key's value."""
        self._cleared += 1
        for kept in (self._cache, self._known, self._loading):
            kept.pop(key, None)
        return self

    def clear_all(self) -> "LevelLoader[K, V]":
        """Forget all values."""
        self._cleared += 1
        for kept in (self._cache, self._known, self._loading):
            kept.clear()
        return self

    def prime(self, key: K, value: V) -> "LevelLoader[K, V]":
        """Take this as the key's value, unless there is one."""
        if key not in self._cache and key not in self._loading:
            self._known.setdefault(key, value)
        return self

    def _enqueue(self, keys: list[K]) -> Iterable[_Batch[K, V]]:
        """The batches that the keys are in or get into."""
        loading = self._loading
        batches = {loading[key] for key in keys if key in loading} if loading else set()
        if new := [key for key in keys if key not in loading] if batches else keys:
            batch = self._open
            if batch is None:
                batch = self._open = _Batch()
                # Two turns of the loop, like aiodataloader: what others have yet to ask for in this turn gets in.
                self.loop.call_soon(self.loop.call_soon, self._dispatch, batch)
            fresh = dict.fromkeys(new)
            batch.keys.update(fresh)
            loading.update(dict.fromkeys(fresh, batch))
            batches.add(batch)
        return batches

    def _dispatch(self, batch: _Batch[K, V]) -> None:
        self._open = None
        task = self.loop.create_task(self._run(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, batch: _Batch[K, V]) -> None:
        keys, cleared = list(batch.keys), self._cleared
        try:
            values = list(await self.batch_load_fn(keys))
            if len(values) != len(keys):
                raise TypeError(f"The batch function returned {len(values)} values for {len(keys)} keys.")
            batch.values = dict(zip(keys, values, strict=True))
            self._keep(batch, cleared)
        except Exception as error:
            batch.values = dict.fromkeys(keys, error)
            for key in keys:  # a failed batch isn't remembered
                self.clear(key)
        for key, future in batch.futures:
            _resolve(future, batch.values[key])
        for waiting in batch.waiting:
            if not waiting.done():
                waiting.set_result(None)

    def _keep(self, batch: _Batch[K, V], cleared: int) -> None:
        kept = batch.values
        if self._cleared != cleared:
            kept = {key: value for key, value in kept.items() if self._loading.get(key) is batch}
        self._known.update(kept)
        if len(kept) == len(self._loading):
            self._loading.clear()
            return
        for key in kept:
            del self._loading[key]


async def load_level(loader: DataLoader[K, V], keys: Sequence[K]) -> list[V | Exception]:
    """The keys' values in their order, of any DataLoader; an exception stands where one couldn't be had."""
    if isinstance(loader, LevelLoader):
        return await loader.load_level(keys)
    distinct = list(dict.fromkeys(keys))
    values = await gather(*map(loader.load, distinct), return_exceptions=True)
    found = dict(zip(distinct, values, strict=True))
    return [found[key] for key in keys]  # type: ignore[misc]


def _resolve(future: "Future[V]", value: V | Exception) -> None:
    if future.done():
        return
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)
