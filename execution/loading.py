"""aiodataloader by the level: one future for all keys of a level instead of one for each."""

from asyncio import AbstractEventLoop, Future, Task, gather
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

K = TypeVar("K")
V = TypeVar("V")


class _Batch(Generic[K, V]):
    """Keys that are loaded together."""

    def __init__(self, keys: dict[K, None]) -> None:
        self.keys = keys
        self.cleared: set[K] = set()
        self.single: list[tuple[K, Future[V]]] = []
        self.levels: list[Future[dict[K, V | Exception]]] = []

    def answer(self, loop: AbstractEventLoop) -> "Future[dict[K, V | Exception]]":
        """A future of all values, the caller's own."""
        future: Future[dict[K, V | Exception]] = loop.create_future()
        self.levels.append(future)
        return future

    def resolve(self, values: dict[K, V | Exception]) -> None:
        """Give everybody what they wait for."""
        for key, future in self.single:
            _resolve(future, values[key])
        for level in self.levels:
            if not level.done():
                level.set_result(values)


class LevelLoader(DataLoader[K, V], Generic[K, V]):
    """A DataLoader that also takes a whole level's keys at once, into the same batches and the same cache.

    It always batches and always caches, by the key itself.
    """

    def __init__(self, batch_load_fn: Callable[[list[K]], Coroutine[Any, Any, list[V]]] | None = None) -> None:
        super().__init__(batch_load_fn)
        self.loop: AbstractEventLoop
        self._known: dict[K, V | Exception] = {}
        self._open: _Batch[K, V] | None = None
        """The batch that takes keys."""
        self._loading: list[_Batch[K, V]] = []
        """Those that have gone, and aren't answered yet."""
        self._tasks: set[Task[None]] = set()

    def ask(self, keys: Sequence[K]) -> "Asked[K, V]":
        """Put a level's keys into the next batch. To be awaited: the values in the keys' order."""
        known, missing = self._known, dict.fromkeys(keys)
        found: dict[K, V | Exception] = {}
        if known:
            found = {key: known[key] for key in missing if key in known}
            missing = {key: None for key in missing if key not in known}
        return Asked(keys, found, [batch.answer(self.loop) for batch in self._batches_of(missing)])

    async def load_at_once(self, keys: Sequence[K]) -> list[V | Exception]:
        """The values in the keys' order, for one who knows that nobody else is about to ask for something."""
        asked = self.ask(keys)
        self._dispatch()
        return await asked

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
            [batch] = self._batches_of({key: None})
            batch.single.append((key, future))
        return future

    def clear(self, key: K) -> "LevelLoader[K, V]":
        """Forget a key's value."""
        self._known.pop(key, None)
        for batch in self._loading:
            batch.cleared.add(key)
        return self

    def clear_all(self) -> "LevelLoader[K, V]":
        """Forget all values."""
        self._known.clear()
        for batch in self._loading:
            batch.cleared.update(batch.keys)
        return self

    def prime(self, key: K, value: V) -> "LevelLoader[K, V]":
        """Take this as the key's value, unless there is one."""
        batches = [*self._loading, *([self._open] if self._open else [])]
        if not any(key in batch.keys for batch in batches):
            self._known.setdefault(key, value)
        return self

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
        if self._open is not None:
            task = self.loop.create_task(self._load_open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _load_open(self) -> None:
        """Load the open batch, if there is one."""
        batch, self._open = self._open, None
        if batch is None:
            return
        self._loading.append(batch)
        keys = list(batch.keys)
        found: dict[K, V | Exception] = {}
        try:
            values = list(await self.batch_load_fn(keys))
            if len(values) != len(keys):
                raise TypeError(f"The batch function returned {len(values)} values for {len(keys)} keys.")
            found = dict(zip(keys, values, strict=True))
            self._known.update(found)
        except Exception as error:  # isn't remembered, unlike those of single keys
            found = dict.fromkeys(keys, error)
        finally:
            self._loading.remove(batch)
            for key in batch.cleared:
                self._known.pop(key, None)
            batch.resolve(found or dict.fromkeys(keys, _CANCELLED))


_CANCELLED = RuntimeError("Whoever loaded it was cancelled.")


class Asked(Generic[K, V]):
    """Values that are on their way. Nothing is lost if they aren't awaited."""

    __slots__ = ("_answers", "_found", "_keys")

    def __init__(
        self, keys: Sequence[K], found: dict[K, V | Exception], answers: "list[Future[dict[K, V | Exception]]]"
    ) -> None:
        self._keys, self._found, self._answers = keys, found, answers

    def __await__(self) -> Generator[Any, None, list[V | Exception]]:
        found = self._found
        for answer in self._answers:
            values = yield from answer
            found = {**values, **found} if found else values
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
