"""The check: what was acknowledged against what is in the database, and against what every reader was told."""

from datetime import datetime

from tests.chaos.load import Load, Write, posts_told
from tests.chaos.reader import Reader, Told
from tests.chaos.report import Report, percentile


def check(load: Load, report: Report, *, p99_ms: float | None = None) -> None:
    """Write the figures that every fault has into its report."""
    with load.cluster.engines.connect() as connection:
        kept = {f"post_{row[0]}": row[1] for row in connection.execute("select id, body from posts")}
        numbers = [row[0] for row in connection.execute("select seq from outbox where seq is not null order by seq")]
        begun = dict(connection.execute("select seq, created_at from outbox where seq is not null").fetchall())
    report.note("acknowledged writes", len(load.writes))
    report.at_most(0, "of them lost", sum(kept.get(write.id) != write.body for write in load.writes))
    report.at_most(0, "of them made twice", len(load.writes) - len({write.id for write in load.writes}))
    report.at_most(0, "holes in the sequence", numbers[-1] - numbers[0] + 1 - len(numbers))
    report.note("events told", sum(len(told(reader)) for reader in load.readers))
    report.at_most(0, "events lost", sum(lost(reader, load.writes) for reader in load.readers))
    report.at_most(0, "events out of order", sum(out_of_order(reader) for reader in load.readers))
    report.at_most(0, "events told twice", sum(told_twice(reader) for reader in load.readers))
    report.at_most(0, "events that contradict one another", contradictions(load.readers))
    report.at_most(0, "events against the order of acknowledgements", against_acknowledgements(load))
    report.at_most(0, "resyncs", sum(each.kind == "ResyncRequired" for r in load.readers for each in r.told))
    report.at_most(0, "errors on subscriptions", sum(len(reader.errors) for reader in load.readers))
    report.note("reconnects", sum(reader.connections - 1 for reader in load.readers))
    delays = latencies(load, begun)
    report.note("commit→client p50", percentile(delays, 0.5), "ms")
    if p99_ms is None:
        report.note("commit→client p99", percentile(delays, 0.99), "ms")
    else:
        report.within(p99_ms, "commit→client p99", percentile(delays, 0.99), "ms")


def told(reader: Reader) -> list[Told]:
    """What it was told about posts, each place once, in the order in which it came."""
    first = {(each.seq, str(each.update)): each for each in reversed(reader.told) if each.kind.startswith("Post")}
    return list(reversed(first.values()))


def lost(reader: Reader, writes: list[Write]) -> int:
    """Acknowledged posts that it never heard of."""
    heard = posts_told(reader)
    return sum(write.id not in heard for write in writes)


def told_twice(reader: Reader) -> int:
    """Posts that came as new at more than one place."""
    return sum(times - 1 for times in posts_told(reader).values())


def out_of_order(reader: Reader) -> int:
    """Events that came after one that follows them."""
    late, newest = 0, reader.began_after
    for each in told(reader):
        late += each.seq <= newest
        newest = max(newest, each.seq)
    return late


def contradictions(readers: list[Reader]) -> int:
    """Places of which two readers were told different posts."""
    posts: dict[int, set[str]] = {}
    for reader in readers:
        for each in told(reader):
            if each.kind == "PostAdded":
                posts.setdefault(each.seq, set()).add(each.post["id"])
    return sum(len(found) > 1 for found in posts.values())


def against_acknowledgements(load: Load) -> int:
    """Posts that were acknowledged before another was even sent, and yet stand after it."""
    written = {write.id: write for write in load.writes}
    added = [each for reader in load.readers for each in told(reader) if each.kind == "PostAdded"]
    places = {each.post["id"]: each.seq for each in added}
    wrong, last_sent = 0, 0.0
    for post in sorted(places.keys() & written.keys(), key=places.__getitem__):
        wrong += written[post].acknowledged < last_sent
        last_sent = max(last_sent, written[post].sent)
    return wrong


def latencies(load: Load, begun: dict[int, datetime]) -> list[float]:
    """Milliseconds from the beginning of a write's transaction, so never less than from its commit."""
    written = {write.id for write in load.writes}
    return [
        (each.at - begun[each.seq].timestamp()) * 1000
        for reader in load.readers
        for each in told(reader)
        if each.post["id"] in written
    ]
