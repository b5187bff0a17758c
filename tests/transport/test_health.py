"""Health: for load balancers and supervisors; what is said while a server is away, test_outages.py has."""

import pytest

from tests.api import Api


async def test_a_process_that_lives_says_so(api: Api):
    response = await api.http.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_process_that_can_serve_says_so(api: Api):
    response = await api.http.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "database": "ok", "redis": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_probe_may_ask_for_the_head_only_and_change_nothing(api: Api, path: str):
    assert (await api.http.head(path)).status_code == 200
    assert (await api.http.post(path)).status_code == 405


async def test_living_asks_nobody(api: Api, statements):
    await api.http.get("/healthz")
    assert len(statements) == 0
