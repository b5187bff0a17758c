"""Real clients from npm against real servers: graphql-http's audit, and graphql-ws across processes."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Server, serving

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.node,
    pytest.mark.xdist_group("browser"),  # which has a server already
    pytest.mark.timeout(120),
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs Node.js and npm"),
]


async def run(*command: str | Path) -> str:
    """What a command prints; a failure shows what it complained about."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return output.decode()


@pytest.fixture(scope="session")
async def packages() -> None:
    """The clients' packages, as their lock has them."""
    installed, locked = HERE / "node_modules/.package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        await run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


@pytest.fixture(scope="session")
def second_server(demo_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Another process over the same PostgreSQL and Redis."""
    log = tmp_path_factory.mktemp("second_server") / "log"
    with serving(demo_server.database_url, demo_server.redis_url, log, STARLING_BUILD_EXPLORER="false") as server:
        yield server.url


@pytest.mark.usefixtures("packages")
async def test_all_audits_of_graphql_http_pass(server: str):
    audits = json.loads(await run("node", "audit.js", f"{server}/graphql"))
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == 61


@pytest.mark.usefixtures("packages")
async def test_a_post_made_at_one_server_is_heard_live_at_another(server: str, second_server: str):
    told = json.loads(await run("node", "live.js", server, second_server))
    update = told["answer"]["data"]["feedUpdates"]
    assert "errors" not in told["answer"]
    assert update["__typename"] == "PostAdded"
    assert update["edge"]["node"] == {
        "id": told["post"],
        "body": told["body"],
        "author": {"id": told["author"], "viewerFollow": "FOLLOWING"},
    }
    assert update["cursor"]
    assert told["milliseconds"] < 2000
