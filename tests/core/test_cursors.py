"""Cursors come back as they were given out, and nothing else is one."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cursors
from core.errors import InvalidInput
from core.ids import LARGEST

LISTS = st.text("abcdefghijklmnopqrstuvwxyzABC._", min_size=1, max_size=30)
KEYS = st.lists(st.integers(-LARGEST, LARGEST), min_size=1, max_size=3)


@given(LISTS, KEYS)
def test_a_cursor_gives_its_keys_back(source: str, keys: list[int]):
    cursor = cursors.encode(source, *keys)
    assert cursors.decode(source, cursor, len(keys)) == tuple(keys)


@given(LISTS, KEYS)
def test_a_cursor_passes_through_urls_and_json_unescaped(source: str, keys: list[int]):
    cursor = cursors.encode(source, *keys)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert cursor.isascii()


@given(LISTS, LISTS, KEYS)
def test_a_cursor_of_another_list_is_refused(source: str, other: str, keys: list[int]):
    if source != other:
        with pytest.raises(InvalidInput):
            cursors.decode(other, cursors.encode(source, *keys), len(keys))


@given(LISTS, KEYS, st.integers(1, 4))
def test_a_cursor_of_another_length_is_refused(source: str, keys: list[int], length: int):
    if len(keys) != length:
        with pytest.raises(InvalidInput):
            cursors.decode(source, cursors.encode(source, *keys), length)


@given(st.text() | st.binary().map(lambda data: urlsafe_b64encode(data).decode()))
def test_any_other_string_is_refused_and_never_raises_anything_else(text: str):
    with pytest.raises(InvalidInput) as refused:
        cursors.decode("latest", text, path=("input", "after"))
    assert refused.value.fields[0].path == ("input", "after")


@given(KEYS, st.data())
def test_there_is_one_spelling_of_a_cursor(keys: list[int], data: st.DataObject):
    cursor = cursors.encode("latest", *keys)
    place = data.draw(st.integers(0, len(cursor)))
    noise = data.draw(st.sampled_from([" ", "=", "*", "\n", "A", "+", "/", "é"]))
    changed = cursor[:place] + noise + cursor[place:]
    try:
        decoded = cursors.decode("latest", changed, len(keys))
    except InvalidInput:
        return
    assert cursors.encode("latest", *decoded) == changed


@pytest.mark.parametrize(
    "key",
    [str(LARGEST + 1), str(-LARGEST - 1), "9" * 100, "9" * 100_000],
    ids=["just", "just below", "far", "huge"],
)
def test_a_key_that_no_column_holds_is_refused(key: str):
    forged = urlsafe_b64encode(f"latest:{key}".encode()).decode().rstrip("=")
    with pytest.raises(InvalidInput):
        cursors.decode("latest", forged)
