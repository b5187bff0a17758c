"""PostgreSQL and Valkey are really killed under load: nothing acknowledged is lost, and nothing but 503 is seen."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import redis

from core import migrations
from core.embedded import Engines
from core.engine_files import Place
from tests.api import Api, Person
from tests.transport.test_outages import check_unavailable, secrets, started
from tests.waiting import slowness, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded")]

PROJECT = Path(__file__).parents[2]
HOLD = "import sys, pathlib; from core.embedded import engines; engines(pathlib.Path(sys.argv[1])); print(); input()"
RETURN, RECOVERY = 15.0, 2.0
"""Seconds for the engines to come back, and for the application to have noticed by then."""
CREATE = (
    "mutation ($input: CreatePostInput!) { createPost(input: $input) { ... on CreatePostSuccess { post { id } } } }"
)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Engines of our own, in a data directory of their own."""
    place = Place(Path(tempfile.mkdtemp(prefix="starling-killed-")))
    place.data.chmod(0o711)
    command = [sys.executable, "-c", HOLD, str(place.data)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"\n"
        migrations.upgrade(Engines(place.run).database_url)
        yield place
        holder.kill()
    while (place.cluster / "postmaster.pid").exists():
        time.sleep(0.05)
    shutil.rmtree(place.data, ignore_errors=True)


@pytest.fixture(scope="module")
async def api(app, place: Place) -> AsyncIterator[Api]:
    engines = Engines(place.run)
    async with started(engines.database_url, engines.redis_url, STARLING_WRITE_BURST="1000000") as api:
        yield api


@pytest.fixture(scope="module")
async def ada(api: Api) -> Person:
    return await api.sign_up()


def pid_of(place: Place, engine: str) -> int:
    if engine == "postgres":
        return int((place.cluster / "postmaster.pid").read_text().split()[0])
    with redis.Redis.from_url(Engines(place.run).redis_url) as client:
        return client.info("server")["process_id"]


def answers(place: Place) -> bool:
    """Whether both engines do."""
    engines = Engines(place.run)
    with suppress(psycopg.Error, redis.ConnectionError), redis.Redis.from_url(engines.redis_url) as client:
        with psycopg.connect(engines.database_url) as connection:
            connection.execute("select 1")
        return client.ping()
    return False


@pytest.mark.parametrize(
    ("engine", "how"), [("postgres", signal.SIGKILL), ("postgres", signal.SIGINT), ("valkey", signal.SIGKILL)]
)
async def test_a_killed_engine_costs_some_503s_and_nothing_acknowledged(
    api: Api, ada: Person, place: Place, engine: str, how: signal.Signals
):
    acknowledged, statuses, stop = [], [], asyncio.Event()

    async def write(number: int) -> None:
        while not stop.is_set():
            answer = await api.post(CREATE, {"input": {"body": f"Post of {number}."}}, ada)
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                acknowledged.append(answer.json()["data"]["createPost"]["post"]["id"])
            else:
                check_unavailable(answer)
                assert [each for each in secrets(Engines(place.run).database_url) if each in answer.text] == []
            await asyncio.sleep(0.02)

    async def is_back() -> bool:
        return await asyncio.to_thread(answers, place) and pid_of(place, engine) != victim

    writers = [asyncio.create_task(write(number)) for number in range(4)]
    await asyncio.sleep(0.3)
    victim = pid_of(place, engine)
    os.kill(victim, how)
    await until(is_back, RETURN)
    await asyncio.sleep(RECOVERY * slowness())
    before = len(statuses)
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*writers)
    assert set(statuses[before:]) == {200}, "it is well again"
    assert (503 in statuses) or engine == "valkey"
    assert engine == "postgres" or set(statuses) == {200}
    await check_kept(api, acknowledged)


async def check_kept(api: Api, acknowledged: list[str]) -> None:
    """Every post that was acknowledged is there."""
    assert len(acknowledged) > 20
    for start in range(0, len(acknowledged), 100):
        found = await api("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=acknowledged[start : start + 100])
        assert None not in found["nodes"]
