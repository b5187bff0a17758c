"""Text that people write: what is kept of it, and what is refused."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.passwords import opaque
from core.errors import InvalidInput
from domain import text

PATH = ("input", "body")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Hello. \n", "Hello."),
        ("a\r\nb\n\tc", "a\nb\n\tc"),
        ("e\u0301", "é"),
        ("\u00a0Hello\u2003", "Hello"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("مرحبا\u200fا", "مرحبا\u200fا"),
        ("🐦" * 10, "🐦" * 10),
    ],
)
def test_text_is_normalised_and_trimmed_and_otherwise_left_alone(written: str, kept: str) -> None:
    assert text.clean(written, 10, *PATH) == kept


@pytest.mark.parametrize("written", ["a\0", "a\x07", "a\x7f", "a\x85b", "a\rb", "a\ud800", "\x1b[31mred"])
def test_control_characters_and_lone_surrogates_are_refused(written: str) -> None:
    _refuses(lambda: text.clean(written, 100, *PATH), *PATH)


@pytest.mark.parametrize(
    "written",
    [
        "\u3164",
        "\u115f\u1160",
        "\ufe0f",
        "\u034f",
        "\u2800",
        "\U000e0100",
        "",
        " \n ",
        "\u200b",
        "\u2060\ufeff",
        "\u2028\u2029",
        "\u00a0\u3000",
    ],
)
def test_what_shows_nothing_is_empty(written: str) -> None:
    _refuses(lambda: text.clean(written, 100, *PATH), *PATH)


def test_length_is_counted_in_characters_after_trimming_and_composing() -> None:
    assert text.clean(" e\u0301 ", 1, *PATH) == "é"
    assert len(text.clean("𝔘" * 100, 100, *PATH)) == 100
    _refuses(lambda: text.clean("x" * 101, 100, *PATH), *PATH)


def test_what_is_one_line_takes_no_line_breaks() -> None:
    for written in ("a\nb", "a\tb", "a\r\nb"):
        _refuses(lambda written=written: text.clean(written, 100, *PATH, lines=False), *PATH)
    assert text.clean(" a b\n", 100, *PATH, lines=False) == "a b"


@given(st.text(max_size=60))
def test_clean_text_stays_as_it_is_when_cleaned_again(written: str) -> None:
    try:
        kept = text.clean(written, 50, *PATH)
    except InvalidInput:
        return
    assert text.clean(kept, 50, *PATH) == kept == unicodedata.normalize("NFC", kept).strip()
    assert 1 <= len(kept) <= 50
    kept.encode()


@pytest.mark.parametrize(("written", "kept"), [("Ada", "ada"), (" a_1 ", "a_1"), ("x" * 30, "x" * 30), ("__", "__")])
def test_a_handle_is_kept_in_lower_case(written: str, kept: str) -> None:
    assert text.clean_handle(written, "input", "handle") == kept


@pytest.mark.parametrize("written", ["", "a", "x" * 31, "a-b", "a b", "ädä", "аda", "a\0b", "ada\n\u0301", "١٢٣", "ſſ"])
def test_what_cannot_be_a_handle_is_refused_and_nobodys(written: str) -> None:
    assert text.handle(written) is None
    _refuses(lambda: text.clean_handle(written, "input", "handle"), "input", "handle")


@pytest.mark.parametrize("written", ["ada@example.org", " Ada.L+x@Sub.Example.org ", "ådå@exämple.org"])
def test_an_address_is_kept_as_it_is_written(written: str) -> None:
    assert text.clean_email(written, "input", "email") == written.strip()


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "a b@example.org",
        "a@b@c.org",
        "a@example..org",
        "a\0@example.org",
        "a\u200b@example.org",
        "a@example.org,b",
        "a@(b)example.org",
        "a@example.org<b",
        f"{'a' * 65}@example.org",
        f"a@{'x' * 250}.org",
    ],
)
def test_what_cannot_be_an_address_is_refused(written: str) -> None:
    _refuses(lambda: text.clean_email(written, "input", "email"), "input", "email")


@pytest.mark.parametrize("written", ["https://example.org/a.png", " https://example.org:8443/?a=b#c "])
def test_an_https_url_is_kept(written: str) -> None:
    assert text.clean_url(written, "input", "avatarUrl") == written.strip()


@pytest.mark.parametrize(
    "written",
    [
        "",
        "http://example.org/",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "//example.org",
        "https://[::1",
        "https://example.org/a b",
        "https://exämple.org/",
        "https://e.org/" + "x" * 2000,
        "data:image/png;base64,AAAA",
    ],
)
def test_what_is_no_https_url_is_refused(written: str) -> None:
    _refuses(lambda: text.clean_url(written, "input", "avatarUrl"), "input", "avatarUrl")


def _refuses(clean, *path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean()
    assert [field.path for field in caught.value.fields] == [path]


@pytest.mark.parametrize("read", [text.composed, lambda long: text.clean(long, 10**6, "body"), opaque])
def test_marks_without_end_are_not_put_in_order(read: Callable[[str], str]) -> None:
    """Which would take minutes: the square of their number."""
    long = "a" + "\u0301\u0316" * 100_000
    assert long.startswith(read(long))
    assert read("a\u0316\u0301" * 30) == "\u00e1\u0316" * 30
