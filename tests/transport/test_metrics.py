"""Figures for those who run Starling: of everything that moves, of nobody in particular, and not for everybody."""

import pytest
from httpx2 import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from core.settings import Settings, settings
from transport.application import assemble


def figures(text):
    return {
        (sample.name, *(value for name, value in sample.labels.items() if name != "pid")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_figures_move_with_what_happens_and_name_nobody(api, statements):
    ada = await api.sign_up()
    before = figures((await api.http.get("/metrics")).text)
    for _ in range(3):
        await api("{ viewer { handle posts { nodes { id } } } }", ada)
    await api.create_post(ada, "wombat")
    text = (await api.http.get("/metrics")).text
    after = figures(text)
    queries = "starling_http_request_seconds_count", "query", "200"
    assert after[queries] - before.get(queries, 0) == 3
    batches = "starling_loader_batches_total", "User.posts"
    assert after[batches] - before.get(batches, 0) == 3
    plans = [
        after.get(("starling_plans_total", each), 0) - before.get(("starling_plans_total", each), 0)
        for each in ("hit", "miss")
    ]
    with_plans = settings().executor == "compiled"
    assert sum(plans) == (4 if with_plans else 0)
    assert plans[0] >= (2 if with_plans else 0)
    for name in (
        "relay_lag_events",
        "relay_lag_seconds",
        "reader_lag_events",
        "live_subscribers",
        "live_queue_depth",
        "outbox_depth",
        "oldest_writer_seconds",
    ):
        assert after[(f"starling_{name}",)] >= 0
    assert after["starling_connections", "websocket"] >= 0
    for secret in (ada.handle, ada.id, str(ada.number), "wombat"):
        assert secret not in text


async def test_a_held_transaction_and_unnumbered_events_show_as_lag(api, db):
    from domain import events

    async with db.write() as tx:
        events.record(tx, events.CountsChanged(1))
        await tx.flush()
        found = figures((await api.http.get("/metrics")).text)
        assert found[("starling_oldest_writer_seconds",)] > 0


@pytest.mark.parametrize(
    ("settings", "sent", "status"),
    [
        ({"env": "production"}, None, 404),
        ({"env": "production", "metrics_token": "t" * 20}, None, 401),
        ({"env": "production", "metrics_token": "t" * 20}, "Bearer wrong", 401),
        ({"env": "production", "metrics_token": "t" * 20}, "Bearer tütü", 401),
        ({"env": "production", "metrics_token": "t" * 20}, f"Bearer {'t' * 20}", 200),
        ({"metrics_token": "t" * 20}, None, 401),
        ({}, None, 200),
    ],
)
async def test_in_production_they_are_for_who_has_the_token(database_url, redis_url, settings, sent, status):
    app = assemble(Settings(database_url=database_url, redis_url=redis_url, build_explorer=False, **settings))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://starling.test") as http:
        headers = {"authorization": sent.encode()} if sent else {}
        response = await http.get("/metrics", headers=headers)
    assert response.status_code == status
    assert ("starling_" in response.text) is (status == 200)
