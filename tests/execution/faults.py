"""Loaders that fail now and then, always for the same keys."""

from typing import Any
from zlib import crc32


class Faults:
    """An operation's loaders, some keys of which raise or have nothing, and some of which fail as a whole."""

    def __init__(self, loaders: Any, seed: int) -> None:
        self._loaders, self._seed, self._made = loaders, seed, {}

    def __getitem__(self, kind: type[Any]) -> Any:
        if kind not in self._made:
            self._made[kind] = self._faulty(kind)
        return self._made[kind]

    def _faulty(self, kind: type[Any]) -> Any:
        loader, name = self._loaders[kind], kind.__name__
        for way in ("page", "results"):
            if make := getattr(loader, way, None):
                setattr(loader, way, lambda *given, make=make, **named: self._failing(make(*given, **named), name))
        return loader if hasattr(loader, "page") else self._failing(loader, name)

    def _failing(self, loader: Any, name: str) -> Any:
        load = loader.batch_load_fn
        if load.__name__ == "faulty":
            return loader

        async def faulty(keys: list[Any]) -> list[Any]:
            if self._dice(name) < 5:
                raise OSError(f"{name} is away")
            return [self._spoilt(name, *pair) for pair in zip(keys, await load(keys), strict=True)]

        loader.batch_load_fn = faulty
        return loader

    def _spoilt(self, name: str, key: Any, value: Any) -> Any:
        dice = self._dice(name, key)
        if dice < 6:
            return LookupError(f"{name} has lost {key}")
        return None if dice < 10 else value

    def _dice(self, *what: Any) -> int:
        return crc32(repr((self._seed, *what)).encode()) % 100
