"""Every fault, a few times: nothing acknowledged is lost, and nobody's stream has a gap, a repetition or a fork."""

from collections.abc import AsyncIterator

import pytest

from tests.chaos import faults
from tests.chaos.cluster import Cluster

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.xdist_group("chaos"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster.started() as cluster:
        yield cluster


@pytest.mark.parametrize("name", faults.NAMES)
async def test_a_fault_breaks_no_promise(cluster: Cluster, name: str):
    await cluster.heal()
    report = await faults.named(name)(cluster)
    print(report)
    assert report.is_sound, str(report)
