"""The checker itself: it finds what it is there to find."""

from types import SimpleNamespace

import pytest

from core import cursors
from tests.chaos import history
from tests.chaos.load import Write
from tests.chaos.reader import Reader
from tests.chaos.report import Report
from tests.chaos.table import line_of

A, B, C = (Write(f"{name}", sent=at, acknowledged=at + 0.5, id=f"post_{name}") for at, name in enumerate("abc", 1))


def reader(*posts: tuple[int, Write]) -> Reader:
    """Somebody who was told of these posts at these places, in this order."""
    reader = Reader(None, None)
    for seq, write in posts:
        edge = {"node": {"id": write.id, "body": write.body}}
        update = {"__typename": "PostAdded", "cursor": cursors.encode("live", 7, seq), "edge": edge}
        reader._hear({"data": {"feedUpdates": update}})
    return reader


def test_a_whole_history_has_no_findings():
    whole = reader((1, A), (2, B), (2, B), (3, C))  # the second one came again, after a reconnect
    assert history.lost(whole, [A, B, C]) == 0
    assert history.out_of_order(whole) == 0
    assert history.told_twice(whole) == 0
    assert history.contradictions([whole, reader((1, A), (2, B), (3, C))]) == 0
    assert history.against_acknowledgements(SimpleNamespace(writes=[A, B, C], readers=[whole])) == 0


def test_a_missing_event_is_found():
    assert history.lost(reader((1, A), (3, C)), [A, B, C]) == 1


def test_an_event_that_comes_after_its_successor_is_found():
    assert history.out_of_order(reader((1, A), (3, C), (2, B))) == 1


def test_an_event_at_two_places_is_found():
    assert history.told_twice(reader((1, A), (2, A))) == 1


def test_a_fork_is_found():
    assert history.contradictions([reader((1, A), (2, B)), reader((1, A), (2, C))]) == 1


def test_an_order_against_what_clients_saw_acknowledged_is_found():
    wrong = reader((1, B), (2, A), (3, C))
    assert history.against_acknowledgements(SimpleNamespace(writes=[A, B, C], readers=[wrong])) == 1


@pytest.mark.parametrize(("value", "holds"), [(299, True), (300, True), (301, False)])
def test_a_limit_is_held_or_broken(value: float, holds: bool):
    report = Report("A fault")
    report.at_most(300, "p99", value, "ms")
    assert report.holds is holds
    assert ("BROKEN" in line_of(report)) is not holds


@pytest.mark.parametrize(("share", "holds"), [(2.0, False), (60.0, True)])
def test_a_time_is_held_where_the_machine_is_ours(share: float, holds: bool):
    report = Report("A fault", bystanders=SimpleNamespace(share=share))
    report.within(300, "p99", 301, "ms")
    assert report.holds is holds
    assert "p99 301 ms" in line_of(report)


def test_what_must_be_nothing_may_not_be_little():
    report = Report("A fault")
    report.at_most(0, "events lost", 1)
    assert not report.holds
    assert "events lost 1" in line_of(report)
