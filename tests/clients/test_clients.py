"""Real clients from npm against real servers, and the code of docs/live.md."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients.npm import HERE, install, run
from tests.serving import Server, serving

pytestmark = [
    pytest.mark.node,
    pytest.mark.xdist_group("browser"),  # which has a server already
    pytest.mark.timeout(120),
    pytest.mark.usefixtures("packages"),
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs Node.js and npm"),
]


TAUGHT = (HERE.parents[1] / "docs/live.md").read_text("utf-8")
FORBIDDEN, CUT_OFF = 4403, 1006


async def told_by(program: str, *servers: str) -> dict[str, Any]:
    """What a client's program has to say about servers."""
    return json.loads(await run("node", f"{program}.js", *servers))


@pytest.fixture(scope="session")
async def packages() -> None:
    """The clients' packages, as their lock has them."""
    await install()


@pytest.fixture(scope="session")
def second_server(demo_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Another process over the same PostgreSQL and Redis."""
    log = tmp_path_factory.mktemp("second_server") / "log"
    settings = {"STARLING_BUILD_EXPLORER": "false", "STARLING_PUBLIC_URL": demo_server.url}
    with serving(demo_server.database_url, demo_server.redis_url, log, **settings) as server:
        yield server.url


async def test_all_audits_of_graphql_http_pass(server: str):
    audits = json.loads(await run("node", "audit.js", f"{server}/graphql"))
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == 61


async def test_clients_send_a_text_once_and_then_its_hash(server: str):
    told = await told_by("persisted", f"{server}/graphql")
    for client in ("apollo", "urql"):
        for method in ("post", "get"):
            requests = told[client][method]["requests"]
            assert [request["text"] for request in requests] == [False, True, False], (client, method, requests)
            assert requests[-1]["method"] == method.upper()
            assert requests[-1]["cached"] == ("public, max-age=5" if method == "get" else "no-store")
            first, second = told[client][method]["answers"]
            assert first == second
            assert first["latest"]["nodes"]


async def test_a_post_made_at_one_server_is_heard_live_at_another(server: str, second_server: str):
    told = await told_by("live", server, second_server)
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


async def test_a_page_misses_nothing_when_its_socket_is_cut_off(server: str):
    told = await told_by("resume", server)
    assert [post for post in told["added"] if post in told["posts"]] == told["posts"], "each once, and in order"
    assert told["whole"], "the page is what a query finds"
    assert told["removed"]
    assert told["closed"] == [CUT_OFF] * 3
    assert told["pages"] == 1, "resumed, not queried anew"
    assert told["problems"] == []


async def test_a_page_goes_on_with_a_new_token_when_the_old_one_expires(demo_server: Server, tmp_path: Path):
    short = {"STARLING_ACCESS_TOKEN_SECONDS": "3", "STARLING_BUILD_EXPLORER": "false"}
    with serving(demo_server.database_url, demo_server.redis_url, tmp_path / "log", **short) as forgetful:
        told = await told_by("expiry", forgetful.url)
    assert told["added"] == told["posts"]
    assert told["closed"] == [FORBIDDEN] * 2
    assert told["pages"] == 1
    assert told["problems"] == []


async def test_a_page_begins_again_where_its_cursor_cant_be_continued(server: str):
    told = await told_by("resync", server)
    assert told == {"whole": True, "pages": 2, "problems": []}


def test_the_reducer_that_is_taught_has_thirty_lines():
    [reducer] = re.findall(r"^```ts reducer.ts\n(.*?)^```$", TAUGHT, re.MULTILINE | re.DOTALL)
    code = reducer[reducer.index("export function reduce") :].strip().splitlines()
    assert len(code) <= 30


@pytest.mark.parametrize("client", ["apollo", "urql"])
async def test_another_client_works_with_its_defaults(server: str, client: str):
    """Both offer more than JSON in `Accept`; neither expects a stream for an ordinary operation."""
    told = await told_by(client, server)
    assert told["handle"] == told["expected"]
    assert told["node"]["id"] == told["post"]
    assert "1 to 100" in told["refusal"]
    assert {sent["type"] for sent in told["sent"]} == {"application/graphql-response+json; charset=utf-8"}
    assert client != "urql" or all("text/event-stream" in sent["accept"] for sent in told["sent"])


async def test_a_stream_of_server_sent_events_goes_on_where_it_was_closed(server: str):
    told = await told_by("sse", server)
    assert told["heard"] == told["made"]
    assert told["answers"] == [told["viewer"]], "an ordinary query may be asked as a stream, too"
    assert "must have a selection of subfields" in told["refusal"]


async def test_openid_client_registers_signs_in_refreshes_introspects_revokes_binds_and_lets_a_device_in(server: str):
    told = await told_by("openid", server)
    assert told == {
        "registered": [True, True],
        "issuer": server,
        "subject": told["userinfo"],
        "viewer": "ada",
        "userinfo": told["subject"],
        "rotated": True,
        "active": True,
        "revoked": True,
        "parameters": ["client_id", "request_uri"],
        "bound": ["dpop", "dpop"],
        "public": "ada",
        "boundUserinfo": told["subject"],
        "bearer": 401,
        "device": "ada",
    }


async def test_oauth4webapi_confirms_the_bound_code_flow_its_refusal_and_the_end_of_a_replayed_family(server: str):
    assert await told_by("webapi", server) == {
        "methods": ["S256"],
        "denied": "access_denied",
        "scope": "offline_access profile:read feed:read",
        "refreshed": True,
        "type": "dpop",
        "viewer": "ada",
        "got": "ada",
        "replayed": "invalid_grant",
        "family": "invalid_grant",
    }
