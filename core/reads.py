"""Reads of one PostgreSQL: a statement in, light rows out, whatever stands between."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
from psycopg_pool import PoolTimeout
from sqlalchemy import Executable

from core.errors import Unavailable
from core.pipes import Pipes
from core.pool import Pool
from core.prepared import FORGOTTEN
from core.statements import Compiled, compiled

NETWORK = {"connect_timeout": 2, "tcp_user_timeout": 2_000}
LENIENCE = 1.0
"""Seconds that a server has beyond a statement's limit to say so. One that doesn't is taken to be away."""


def session(statement_timeout: float, *options: str) -> dict[str, Any]:
    """How a connection is made, on which a statement may take so many seconds."""
    fixed = "timezone=UTC", "jit=off", f"statement_timeout={round(statement_timeout * 1000)}"
    return {**NETWORK, "options": " ".join(f"-c {option}" for option in (*fixed, *options))}


def reading(statement_timeout: float) -> dict[str, Any]:
    """How a connection for reads is made.

    Statements are written so that one plan is good for all parameters; making it anew costs more than most reads.
    """
    return session(statement_timeout, "plan_cache_mode=force_generic_plan")


class Reader(Protocol):
    """What loaders read from."""

    async def read(self, statement: Executable, /, *, prepare: bool = True, **parameters: Any) -> list[Any]:
        """All rows of a SELECT: see `Reads.read`. Raises Unavailable."""


class Reads:
    """Reads through pipes, and on a pool what shows its parameters to the planner; or all of it on the pool.

    `size` connections for each of the two, `wait` seconds for a turn, `statement_timeout` seconds for a statement.
    """

    def __init__(self, url: str, *, size: int, wait: float, statement_timeout: float, pipeline: bool) -> None:
        bounds = {"size": size, "wait": wait, "patience": statement_timeout + LENIENCE}
        self._pool = Pool(url, reading(statement_timeout), **bounds)  # type: ignore[arg-type]
        self._prepared = Pipes(url, reading(statement_timeout), **bounds) if pipeline else self._pool  # type: ignore[arg-type]

    async def open(self) -> None:
        """Get ready; connections are made when they are needed."""
        await self._pool.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._prepared.close()
        await self._pool.close()

    @property
    def use(self) -> dict[str, int]:
        """What goes on at the moment, where it is known."""
        return self._prepared.use if isinstance(self._prepared, Pipes) else {}

    async def read(self, statement: Executable, /, *, prepare: bool = True, **parameters: Any) -> list[Any]:
        """All rows of a SELECT, as named tuples. Raises Unavailable.

        A read changes nothing, so one that met a dead connection is tried once more on a fresh one.
        `prepare=False` shows the planner the parameters, for the few statements where they decide the plan.
        """
        text = compiled(statement, numbered=prepare)
        values = text.bind(parameters)
        try:
            try:
                return await self._fetch(text, values)
            except (PoolTimeout, psycopg.errors.QueryCanceled):
                raise
            except (psycopg.OperationalError, *FORGOTTEN):
                return await self._fetch(text, values)
        except (psycopg.OperationalError, TimeoutError) as error:
            raise Unavailable("database") from error

    async def _fetch(self, text: Compiled, values: Sequence[Any]) -> list[Any]:
        driver = self._prepared if text.numbered else self._pool
        return await driver.fetch(text, values)
