"""Loaders that fail now and then and rows that lack what they must have, always for the same keys."""

from dataclasses import replace
from typing import Any
from zlib import crc32

from execution.pages import Page


class Faults:
    """An operation's loaders: some keys raise, have nothing or too little, and some batches fail as a whole."""

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
        load, name = loader.batch_load_fn, f"{name} {getattr(loader, 'parameters', '')}"
        if load.__name__ == "faulty":
            return loader

        async def faulty(keys: list[Any]) -> list[Any]:
            if self._dice(name) < 4:
                raise OSError(f"{name} is away")
            return [self._spoilt(name, *pair) for pair in zip(keys, await load(keys), strict=True)]

        loader.batch_load_fn = faulty
        return loader

    def _spoilt(self, name: str, key: Any, value: Any) -> Any:
        dice = self._dice(name, key)
        if dice < 3:
            return LookupError(f"{name} has lost {key}")
        if isinstance(value, Page):
            return replace(value, rows=[self._blank(place, row) for place, row in enumerate(value.rows)])
        return None if dice < 6 else self._blank(key, value)

    def _blank(self, of: Any, row: Any) -> Any:
        """The row, or none, or one with a null in a column."""
        dice = self._dice("row", of, row)
        if not isinstance(row, tuple) or dice >= 5:
            return row
        return None if dice < 1 else row._replace(**{row._fields[dice * 7 % len(row._fields)]: None})

    def _dice(self, *what: Any) -> int:
        return crc32(repr((self._seed, *what)).encode()) % 100
