"""Ids as clients see them come back as numbers, and nothing else is one; the database makes them in order of time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, func, select

from core import ids
from core.database import Database
from core.errors import InvalidInput

KINDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=16)
NUMBERS = st.integers(0, ids.LARGEST)
MALFORMED = [
    "", "_", "post", "post_", "post_abc", "_7", "7", "post__7", "post_-7", "post_07", "post_+7", "post_7_0", "post_7 ",
    " post_7", "post_7\n", "POST_7", "pöst_7", "post_٧", "post_７", "post_²", "post_7\0", "post-7", "post_0x7",
    "post_7e1", f"post_{2**63}", f"post_{2**64 + 7}", "post_" + "9" * 19, "post_" + "9" * 10_000, "a" * 17 + "_7",
]  # fmt: skip

_next = select(func.next_id(type_=BigInteger).label("id")).select_from(func.generate_series(1, 1000).alias())


@given(KINDS, NUMBERS)
def test_an_id_gives_its_kind_and_number_back(kind: str, number: int):
    assert ids.decode(ids.encode(kind, number)) == (kind, number)
    assert ids.decode_as(kind, ids.encode(kind, number)) == number


@given(KINDS, KINDS, NUMBERS)
def test_an_id_of_another_kind_is_refused_naming_the_right_one(kind: str, other: str, number: int):
    if kind != other:
        with pytest.raises(InvalidInput, match=f"{kind}_"):
            ids.decode_as(kind, ids.encode(other, number), "input", "id")


@pytest.mark.parametrize("text", MALFORMED, ids=[ascii(each)[1:-1][:24] for each in MALFORMED])
def test_a_malformed_id_is_refused_where_it_stands(text: str):
    with pytest.raises(InvalidInput) as refused:
        ids.decode(text, "input", "postId")
    assert refused.value.fields[0].path == ("input", "postId")


@given(st.text())
def test_whatever_is_read_as_an_id_is_spelled_as_one(text: str):
    try:
        kind, number = ids.decode(text)
    except InvalidInput:
        return
    assert ids.encode(kind, number) == text


def test_the_largest_id_is_read():
    assert ids.decode(f"post_{ids.LARGEST}") == ("post", ids.LARGEST)


async def test_the_database_makes_ids_in_order_and_never_twice(db: Database):
    made = [row.id for row in await db.read(_next)]
    assert len(set(made)) == 1000
    moments = [number >> ids.SHARD_BITS + ids.SEQUENCE_BITS for number in made]
    assert moments == sorted(moments), "within a millisecond the sequence may begin anew"
    assert all(0 < number <= ids.LARGEST for number in made)


async def test_ids_with_a_past_sort_among_those_of_the_database(db: Database):
    now = datetime.now(UTC)
    [*_, made] = [row.id for row in await db.read(_next)]
    assert ids.at(now - timedelta(seconds=60)) < made < ids.at(now + timedelta(seconds=60))


@given(st.datetimes(datetime(2025, 1, 1), datetime(2059, 1, 1)), st.integers(0, 8191), st.integers(0, 1023))
def test_an_id_of_a_moment_fits_its_bits(moment: datetime, shard: int, sequence: int):
    number = ids.at(moment.replace(tzinfo=UTC), shard, sequence)
    assert number & 1023 == sequence
    assert number >> ids.SEQUENCE_BITS & 8191 == shard
    assert 0 <= number <= ids.LARGEST
