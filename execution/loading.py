"""aiodataloader by the level: one future for all keys of a level instead of one for each."""

from asyncio import AbstractEventLoop, CancelledError, Future, Task, gather, get_running_loop
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

K = TypeVar("K")
V = TypeVar("V")


class _Batch(Generic[K, V]):
    """Keys that are loaded together."""

    values: list[V | Exception]
    """In the order of the keys, once they are there."""

    def __init__(self, keys: dict[K, None]) -> None:
        self.keys = keys
        self.cleared: set[K] = set()
        self.levels: list[Future[None]] = []
        self.single: list[tuple[K, Future[V]]] = []

    @cached_property
    def found(self) -> dict[K, V | Exception]:
        """The values by their keys."""
        return dict(zip(self.keys, self.values, strict=True))

    def resolve(self, values: list[V | Exception]) -> None:
        """Give everybody what they wait for."""
        self.values = values
        for level in self.levels:
            if not level.done():
                level.set_result(None)
        for key, future in self.single:
            _resolve(future, self.found[key])


class LevelLoader(DataLoader[K, V], Generic[K, V]):
    """A DataLoader that also takes a whole level's keys at once, into the same batches and the same cache.

    It always batches and always caches, by the key itself.
    """

    loop: AbstractEventLoop

    def __init__(self, batch_load_fn: Callable[[list[K]], Coroutine[Any, Any, list[V]]] | None = None) -> None:
        if batch_load_fn is None:
            self.loop = get_running_loop()  # what DataLoader looks at besides is the same for every instance
        else:
            super().__init__(batch_load_fn)
        self._known: dict[K, V | Exception] = {}
        self._loaded: list[_Batch[K, V]] = []
        """Those whose values aren't among the known ones yet: most loaders are asked once."""
        self._loading: list[_Batch[K, V]] = []
        """Those that have gone, and aren't answered yet."""
        self._open: _Batch[K, V] | None = None
        """The batch that takes keys."""
        self._tasks: set[Task[None]] = set()

    def ask(self, keys: Sequence[K]) -> "Asked[K, V]":
        """Put a level's keys into the next batch. To be awaited: the values in the keys' order."""
        missing = dict.fromkeys(keys)
        found: dict[K, V | Exception] = {}
        if known := self._all_known():
            found = {key: known[key] for key in missing if key in known}
            missing = {key: None for key in missing if key not in known}
        return Asked(self.loop, keys, missing, found, self._batches_of(missing))

    async def load_at_once(self, keys: Sequence[K]) -> list[V | Exception]:
        """The values in the keys' order, for one who knows that nobody else is about to ask for something."""
        asked = self.ask(keys)
        if batch := self._take_open():
            try:
                await self._load(batch)
            except CancelledError:
                self._abandon(batch)
                raise
        return await asked

    def load(self, key: K) -> "Future[V]":
        """A future of one key's value, the caller's own: if it is cancelled, nobody else's is.

        graphql-core cancels what stands beside a field that failed, and with a future that others wait for, too, the
        whole operation would be cancelled.
        """
        if key is None:
            raise TypeError(f"The loader.load() function must be called with a value, but got: {key}.")
        future: Future[V] = self.loop.create_future()
        known = self._all_known()
        if key in known:
            _resolve(future, known[key])
        else:
            [batch] = self._batches_of({key: None})
            batch.single.append((key, future))
        return future

    def clear(self, key: K) -> "LevelLoader[K, V]":
        """Forget a key's value."""
        self._all_known().pop(key, None)
        for batch in self._loading:
            batch.cleared.add(key)
        return self

    def clear_all(self) -> "LevelLoader[K, V]":
        """Forget all values."""
        self._all_known().clear()
        for batch in self._loading:
            batch.cleared.update(batch.keys)
        return self

    def prime(self, key: K, value: V) -> "LevelLoader[K, V]":
        """Take this as the key's value, unless there is one."""
        batches = [*self._loading, *([self._open] if self._open else [])]
        if not any(key in batch.keys for batch in batches):
            self._all_known().setdefault(key, value)
        return self

    def _all_known(self) -> dict[K, V | Exception]:
        """The values by their keys, those of the batches included."""
        for batch in self._loaded:
            self._known.update(batch.found)
        self._loaded.clear()
        return self._known

    def _batches_of(self, keys: dict[K, None]) -> list[_Batch[K, V]]:
        """The batches that the keys are in or get into."""
        found = []
        for batch in self._loading:
            if shared := keys.keys() & (batch.keys.keys() - batch.cleared):
                found.append(batch)
                keys = {key: None for key in keys if key not in shared}
        if keys:
            found.append(self._open_batch(keys))
        return found

    def _open_batch(self, keys: dict[K, None]) -> _Batch[K, V]:
        """The open batch with these keys, to be loaded in two turns of the loop: what comes until then gets in."""
        if self._open is None:
            self._open = _Batch(keys)
            self.loop.call_soon(self.loop.call_soon, self._dispatch)
        else:
            self._open.keys.update(keys)
        return self._open

    def _dispatch(self) -> None:
        """Load the open batch, if there is one, whatever becomes of those who wait for it."""
        if batch := self._take_open():
            self._start(batch)

    def _start(self, batch: _Batch[K, V]) -> None:
        task = self.loop.create_task(self._load(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _abandon(self, batch: _Batch[K, V]) -> None:
        """Whoever was loading it is cancelled: load it anew if others wait for it, too."""
        if len(batch.levels) + len(batch.single) > 1:
            self._start(batch)
        else:
            self._loading.remove(batch)

    def _take_open(self) -> _Batch[K, V] | None:
        batch, self._open = self._open, None
        if batch is not None:
            self._loading.append(batch)
        return batch

    async def _load(self, batch: _Batch[K, V]) -> None:
        keys = list(batch.keys)
        try:
            values: list[Any] = list(await self.batch_load_fn(keys))
            if len(values) != len(keys):
                raise TypeError(f"The batch function returned {len(values)} values for {len(keys)} keys.")
            self._loaded.append(batch)
        except Exception as error:  # isn't remembered, unlike those of single keys
            values = [error] * len(keys)
        self._loading.remove(batch)
        batch.resolve(values)
        for key in batch.cleared:
            self._all_known().pop(key, None)


class Asked(Generic[K, V]):
    """Values that are on their way. Nothing is lost if they aren't awaited."""

    __slots__ = ("_batches", "_found", "_is_first", "_keys", "_waits")

    def __init__(
        self,
        loop: AbstractEventLoop,
        keys: Sequence[K],
        missing: dict[K, None],
        found: dict[K, V | Exception],
        batches: list[_Batch[K, V]],
    ) -> None:
        self._keys, self._found, self._batches = keys, found, batches
        self._waits = [loop.create_future() for _ in batches]
        for batch, wait in zip(batches, self._waits, strict=True):
            batch.levels.append(wait)
        self._is_first = len(missing) == len(keys) and len(batches) == 1 and batches[0].keys is missing
        """Whether the values are the batch's own first ones: these keys, each once, opened it."""

    def __await__(self) -> Generator[Any, None, list[V | Exception]]:
        for wait in self._waits:
            yield from wait
        if self._is_first:
            values = self._batches[0].values
            return values if len(values) == len(self._keys) else values[: len(self._keys)]
        found = self._found
        for batch in self._batches:
            found = {**found, **batch.found} if found else batch.found
        return list(map(found.__getitem__, self._keys))


def ask(loader: DataLoader[K, V], keys: Sequence[K]) -> Awaitable[list[V | Exception]]:
    """Put a level's keys into any DataLoader's next batch. To be awaited: values or exceptions in the keys' order."""
    if isinstance(loader, LevelLoader):
        return loader.ask(keys)
    distinct = list(dict.fromkeys(keys))
    return _in_order(keys, distinct, gather(*map(loader.load, distinct), return_exceptions=True))


async def _in_order(keys: Sequence[K], distinct: list[K], values: Awaitable[list[Any]]) -> list[Any]:
    found = dict(zip(distinct, await values, strict=True))
    return [found[key] for key in keys]


async def load_at_once(loader: DataLoader[K, V], keys: Sequence[K]) -> list[V | Exception]:
    """The same without a turn of the loop, for one who knows that nobody else is about to ask for something."""
    if isinstance(loader, LevelLoader):
        return await loader.load_at_once(keys)
    return await ask(loader, keys)


def _resolve(future: "Future[V]", value: V | Exception) -> None:
    if future.done():
        return
    if isinstance(value, Exception):
        future.set_exception(value)
        future.exception()  # whoever asked may be gone by now: nothing to complain about
    else:
        future.set_result(value)
