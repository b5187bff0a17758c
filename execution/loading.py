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
        self.waiting: list[Future[dict[K, V | Exception]]] = []

    def answer(self, loop: AbstractEventLoop) -> "Future[dict[K, V | Exception]]":
        """A future of all values, the caller's own."""
        future: Future[dict[K, V | Exception]] = loop.create_future()
        self.waiting.append(future)
        return future

    def resolve(self, values: dict[K, V | Exception]) -> None:
        """Give everybody what they wait for."""
        for key, future in self.futures:
            _resolve(future, values[key])
        for waiting in self.waiting:
            if not waiting.done():
                waiting.set_result(values)


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
        for answer in [batch.answer(self.loop) for batch in self._enqueue(missing)]:
            values = await answer
            found = {**values, **found} if found else values
        return [found[key] for key in keys]

    def load(self, key: K) -> "Future[V]":
        """A future of one key's value, the caller's own: if it is cancelled, nobody else's is.

        graphql-core cancels what stands beside a field that failed, and with a future that others wait for, too, the
        whole operation would be cancelled.
        """
        if key is None:
            raise TypeError(f"The loader.load() function must be called with a value, but got: {key}.")
        future: Future[V] = self.loop.create_future()
        if key in self._known:
            _resolve(future, self._known[key])
        else:
            [batch] = self._enqueue([key])
            batch.futures.append((key, future))
        return future

    def clear(self, key: K) -> "LevelLoader[K, V]":
        """Forget a key's value."""
        self._cleared += 1
        self._known.pop(key, None)
        self._loading.pop(key, None)
        return self

    def clear_all(self) -> "LevelLoader[K, V]":
        """Forget all values."""
        self._cleared += 1
        self._known.clear()
        self._loading.clear()
        return self

    def prime(self, key: K, value: V) -> "LevelLoader[K, V]":
        """Take this as the key's value, unless there is one."""
        if key not in self._loading:
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
            found: dict[K, V | Exception] = dict(zip(keys, values, strict=True))
        except Exception as error:
            found = dict.fromkeys(keys, error)
            self._finish(batch, cleared)
        else:
            # Unlike the exceptions of single keys, a batch's isn't remembered.
            self._known.update({key: found[key] for key in self._finish(batch, cleared)})
        batch.resolve(found)

    def _finish(self, batch: _Batch[K, V], cleared: int) -> Iterable[K]:
        """Take the batch's keys as loaded, but for those that were cleared meanwhile. Returns them."""
        loading = self._loading
        mine = list(batch.keys)
        if self._cleared != cleared:
            mine = [key for key in mine if loading.get(key) is batch]
        if len(mine) == len(loading):
            loading.clear()
        for key in mine if loading else ():
            del loading[key]
        return mine


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
        future.exception()  # whoever asked may be gone by now: nothing to complain about
    else:
        future.set_result(value)
