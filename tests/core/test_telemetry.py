"""A log record is one line of JSON, whatever is in it, and tells of no row."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import psycopg
import pytest

from core import telemetry


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged while the test runs."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(logging.getLogger("starling.live"), "disabled", True)  # of another test's application
    telemetry.configure()
    yield stream
    root.handlers[:], root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_with_what_was_said_beside_it(written: io.StringIO):
    logging.getLogger("starling.test").info("a\nb %s", "ü", extra={"ms": 1.5, "user": 2**62, "path": "/x"})
    [line] = lines(written)
    assert line.pop("at").endswith("Z")
    expected = {"level": "info", "logger": "starling.test", "message": "a\nb ü", "ms": 1.5, "user": 2**62, "path": "/x"}
    assert line == expected


@pytest.mark.parametrize("strange", ["\ud800", "\0\x1b[31m", 2**70, object(), {1: 2}, b"\xff", float("nan")])
def test_nothing_is_too_strange_for_a_line(written: io.StringIO, strange: object):
    logging.getLogger("starling.test").warning("strange %r", "\udfff", extra={"strange": strange})
    [line] = lines(written)
    assert line["level"] == "warning"
    assert "strange" in line


def test_a_failure_brings_its_traceback_in_the_same_line(written: io.StringIO):
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("starling.test").exception("failed")
    [line] = lines(written)
    assert line["traceback"].startswith("Traceback")
    assert line["traceback"].endswith("ValueError: why")


def test_a_traceback_tells_of_no_row(written: io.StringIO, database_url: str):
    with psycopg.connect(database_url) as connection:
        try:
            connection.execute(
                "insert into users (handle, name) values ('canary', E'canary\\ncanary'), ('canary', 'x')"
            )
        except psycopg.Error:
            logging.getLogger("starling.test").exception("failed")
    [line] = lines(written)
    assert "users_handle_key" in line["traceback"], "what is wrong is told"
    assert "(handle)=" not in line["traceback"]
    assert "canary" not in line["traceback"].split("UniqueViolation")[1]


def test_what_is_below_information_is_not_logged(written: io.StringIO):
    logging.getLogger("starling.test").debug("chatter")
    logging.getLogger("authlib").warning("a token")
    assert lines(written) == []


async def test_lines_of_a_moment_are_written_together(written: io.StringIO):
    logger = logging.getLogger("starling.test")
    for number in range(3):
        logger.info("%d", number)
    assert lines(written) == []
    await asyncio.sleep(telemetry.GATHERED_FOR * 3)
    assert [line["message"] for line in lines(written)] == ["0", "1", "2"]


async def test_a_warning_waits_for_nothing_and_overtakes_nothing(written: io.StringIO):
    logging.getLogger("starling.test").info("before")
    logging.getLogger("starling.test").warning("now")
    assert [line["message"] for line in lines(written)] == ["before", "now"]


async def test_no_more_than_so_many_lines_wait(written: io.StringIO):
    for _ in range(telemetry.GATHERED + 1):
        logging.getLogger("starling.test").info("line")
    assert len(lines(written)) == telemetry.GATHERED


async def test_nothing_is_lost_at_the_end(written: io.StringIO):
    logging.getLogger("starling.test").info("last")
    logging.shutdown([lambda: logging.getLogger().handlers[0]])  # what happens at exit
    assert [line["message"] for line in lines(written)] == ["last"]
