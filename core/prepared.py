"""A prepared statement as one connection knows it: how its values are written and its rows read, in binary."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName
from psycopg.pq import Format
from psycopg.pq.abc import PGconn, PGresult

from core.statements import Compiled

STATEMENTS = 500
"""Prepared statements after which a connection is replaced: each costs the server memory."""
FORGOTTEN = (FeatureNotSupported, InvalidSqlStatementName)
"""A prepared statement is gone, or its table's columns are others now: it helps to prepare it anew."""


@dataclass(slots=True, eq=False)
class Prepared:
    """A statement by its name, with a transformer once the server has described it."""

    name: bytes
    sql: str
    transformer: abc.Transformer | None = None
    formats: list[PyFormat] = field(default_factory=list)

    def prepare(self, pg: PGconn) -> None:
        """Send it for the server to prepare and describe. Raises psycopg.OperationalError."""
        pg.send_prepare(self.name, self.sql.encode())
        pg.send_describe_prepared(self.name)

    def describe(self, connection: psycopg.AsyncConnection[Any], description: PGresult) -> None:
        """Fix how the statement's values are written and read."""
        transformer: abc.Transformer = Transformer(connection)
        parameters = [description.param_type(i) for i in range(description.nparams)]
        transformer.set_dumper_types(parameters, Format.BINARY)
        transformer.set_loader_types([description.ftype(i) for i in range(description.nfields)], Format.BINARY)
        self.transformer, self.formats = transformer, [PyFormat.BINARY] * len(parameters)

    def dump(self, values: Sequence[Any]) -> Sequence[Any]:
        """Values as `execute` takes them. Raises whatever a value raises that its parameter can't have."""
        assert self.transformer
        return self.transformer.dump_sequence(values, self.formats)

    def execute(self, pg: PGconn, dumped: Sequence[Any]) -> None:
        """Send it to be executed. Raises psycopg.OperationalError."""
        assert self.transformer
        pg.send_query_prepared(self.name, dumped, self.transformer.formats, Format.BINARY)

    def rows(self, compiled: Compiled, result: PGresult) -> list[Any]:
        """What it gave. Raises whatever a value raises that Python hasn't got."""
        assert self.transformer
        self.transformer.set_pgresult(result, set_loaders=False)
        return compiled.rows(self.transformer.load_rows(0, result.ntuples, tuple))
