"""A value goes to the database and back the same through pipes and on the pool."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    cast,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.database import Database
from models.users import User

NUMBER = select(bindparam("x", type_=BigInteger))


@pytest.fixture(scope="module")
async def ways(database_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Through pipes, and on the pool."""
    both = Database(database_url), Database(database_url, pipeline=False, pool_timeout=5)
    for db in both:
        await db.open()
    yield both
    for db in both:
        await db.close()


async def agree(ways: tuple[Database, Database], statement: Any, **parameters: Any) -> list[Any]:
    """What both ways say."""
    piped, pooled = [await db.read(statement, **parameters) for db in ways]
    assert repr(list(map(tuple, piped))) == repr(list(map(tuple, pooled)))
    assert [type(value) for row in piped for value in row] == [type(value) for row in pooled for value in row]
    return piped


TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
VALUES = {
    "bigint": (BigInteger, st.integers(-(2**63), 2**63 - 1)),
    "integer": (Integer, st.integers(-(2**31), 2**31 - 1)),
    "smallint": (SmallInteger, st.integers(-(2**15), 2**15 - 1)),
    "boolean": (Boolean, st.booleans()),
    "text": (Text, TEXTS),
    "double": (Double, st.floats(allow_nan=False)),
    "numeric": (Numeric, st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)),
    "timestamp": (DateTime(timezone=True), MOMENTS),
    "bytea": (LargeBinary, st.binary()),
    "uuid": (Uuid, st.uuids()),
    "bigints": (ARRAY(BigInteger), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))),
    "texts": (ARRAY(Text), st.lists(st.none() | TEXTS)),
}


@pytest.mark.parametrize("kind", VALUES)
async def test_a_value_goes_there_and_back_the_same_either_way(ways: tuple[Database, Database], kind: str):
    type_, values = VALUES[kind]
    statement = select(cast(bindparam("x", type_=type_), type_).label("x"))
    found: list[Any] = []
    quick = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

    @quick
    @given(st.none() | values)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    for value in found:
        [row] = await agree(ways, statement, x=value)
        assert row.x == value


async def test_json_goes_there_and_back_the_same_either_way(ways: tuple[Database, Database]):
    statement = select(bindparam("x", type_=Text).cast(JSONB).label("x"))
    for value in ({"a": [1, None, "é"]}, [], 7, "x", None, True):
        [row] = await agree(ways, statement, x=json.dumps(value))
        assert row.x == value


async def test_nothing_is_nothing_either_way(ways: tuple[Database, Database]):
    assert await agree(ways, select(User).where(User.id == 0)) == []
    assert await agree(ways, text("select from generate_series(1, 3)")) == [(), (), ()]
    assert await agree(ways, text("do $$ begin end $$")) == []
    assert await agree(ways, text("select null, null::bigint[]")) == [(None, None)]
    assert [UUID(int=0)] == [row[0] for row in await agree(ways, select(literal(UUID(int=0), Uuid)))]


async def test_what_python_has_not_got_fails_alone_either_way(ways: tuple[Database, Database]):
    for db in ways:
        with pytest.raises(psycopg.DataError):
            await db.read(text("select 'infinity'::timestamptz"))
        assert await db.read(NUMBER, x=1) == [(1,)]
