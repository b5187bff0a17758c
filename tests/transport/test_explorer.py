"""The explorer's page in all its states, and the operations it greets people with."""

import base64
import hashlib
import json
import logging
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from graphql import build_schema, get_variable_values, parse, validate
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from transport.explorer import SOURCES, Explorer
from transport.explorer_build import Build, BuildError

SCHEMA = SOURCES.parent / "schema.graphql"
BEING_BUILT = "The explorer is being built, this page reloads itself"

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for node and npm are shell scripts")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The explorer's sources, with nothing built or installed."""
    unwanted = shutil.ignore_patterns("node_modules", "dist", ".build")
    return Path(shutil.copytree(SOURCES, tmp_path / "explorer", ignore=unwanted))


@pytest.fixture
def toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put stand-ins for npm and node on the PATH. Returns the log of what they were asked to do."""

    def install(npm: str = "exit 0") -> Path:
        log = tmp_path / "log"
        bundle = 'mkdir -p "$4/assets"; echo "<html lang=en>built" > "$4/index.html"; echo 1 > "$4/assets/a-1x.js"'
        for name, script in {"npm": npm, "node": bundle}.items():
            program = tmp_path / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f'#!/bin/sh\necho "{name} $1" >> {log}\n{script}\n')
            program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        return log

    return install


def browser(explorer: Explorer) -> TestClient:
    return TestClient(Starlette(routes=[Route("/graphql", explorer.page), *explorer.routes]))


def wait_for_build() -> None:
    for thread in threading.enumerate():
        if thread.name == "explorer-build":
            thread.join(20)


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


@posix
def test_a_missing_build_is_made_in_the_background_while_the_page_says_so(sources, toolchain):
    log = toolchain(npm="sleep 0.3")
    explorer = Explorer(sources, may_build=True)
    explorer.prepare()
    assert BEING_BUILT in browser(explorer).get("/graphql").text
    assert 'http-equiv="refresh"' in browser(explorer).get("/graphql").text
    wait_for_build()
    assert "built" in browser(explorer).get("/graphql").text
    assert log.read_text().splitlines() == ["npm ci", "node node_modules/vite/bin/vite.js"]


@posix
def test_a_fresh_build_is_not_made_again_and_a_changed_source_makes_it_stale(sources, toolchain):
    log = toolchain()
    build = Build(sources)
    build.run()
    build.run()
    assert build.is_fresh()
    assert len(log.read_text().splitlines()) == 2
    (sources / "src/tabs.json").write_text("[]")
    assert not build.is_fresh()


@posix
def test_of_two_processes_one_builds_and_both_serve(sources, toolchain):
    log = toolchain(npm="sleep 0.3")
    explorers = [Explorer(sources, may_build=True) for _ in range(2)]
    for explorer in explorers:
        explorer.prepare()
    wait_for_build()
    assert all("built" in browser(explorer).get("/graphql").text for explorer in explorers)
    assert log.read_text().count("npm ci") == 1


@posix
def test_a_failing_build_leaves_the_last_one_in_place_and_says_why(sources, toolchain, caplog):
    toolchain()
    Build(sources).run()
    (sources / "src/main.jsx").write_text("changed")
    toolchain(npm="echo 'npm error network is down'; exit 1")
    explorer = Explorer(sources, may_build=True)
    explorer.prepare()
    wait_for_build()
    assert "built" in browser(explorer).get("/graphql").text
    [warning] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "npm error network is down" in warning.getMessage()


@posix
def test_a_stopped_build_publishes_nothing_and_frees_the_folder(sources, toolchain):
    toolchain(npm="exec sleep 30")
    explorer = Explorer(sources, may_build=True)
    explorer.prepare()
    while not (sources.parent / "log").exists():
        time.sleep(0.01)
    explorer.close()
    wait_for_build()
    assert not (sources / "dist").exists()
    toolchain()
    Build(sources).run()
    assert (sources / "dist/index.html").exists()


@posix
def test_nothing_is_built_where_it_was_not_allowed(sources, toolchain):
    log = toolchain()
    explorer = Explorer(sources)
    explorer.prepare()
    wait_for_build()
    assert not log.exists()


def test_without_node_one_line_says_that_the_page_comes_from_a_cdn(sources, monkeypatch, caplog):
    monkeypatch.setenv("PATH", "")
    explorer = Explorer(sources, may_build=True)
    explorer.prepare()
    assert "https://cdn." in browser(explorer).get("/graphql").text
    [line] = caplog.records
    assert (line.name, line.levelname) == ("starling.explorer", "WARNING")
    assert "CDN" in line.getMessage()


def test_the_fallback_admits_only_the_pinned_files_it_names(sources):
    response = browser(Explorer(sources)).get("/graphql")
    policy = directives(response.headers["content-security-policy"])
    tags = re.findall(r"<(?:script|link)\b[^>]*https://[^>]*>", response.text)
    inline = re.search(r"<script>(.*?)</script>", response.text, re.DOTALL).group(1)
    inline_hash = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    named = {url for tag in tags for url in re.findall(r'"(https://[^"]+)"', tag)}

    assert len(tags) == 6
    assert all('integrity="sha384-' in tag and "crossorigin" in tag for tag in tags)
    assert all(re.search(r"@\d+\.\d+\.\d+/", url) for url in named)
    admitted = {*policy["script-src"], *policy["style-src"]}
    assert admitted == {*named, f"'sha256-{inline_hash}'", "'unsafe-inline'"}
    assert "'unsafe-inline'" not in policy["script-src"]
    assert policy["connect-src"] == ["'self'"]


def test_the_fallback_shows_the_same_tabs_after_one_that_signs_in(sources):
    page = browser(Explorer(sources)).get("/graphql").text
    tabs = json.loads(re.search(r'type="application/json">(.*?)</script>', page).group(1))
    assert [re.search(r"(?:query|mutation|subscription) (\w+)", tab["query"]).group(1) for tab in tabs] == [
        "SignIn", "Feed", "Profile", "Thread", "Search", "CreatePost", "LiveUpdates",
    ]  # fmt: skip


def test_with_nothing_to_serve_the_page_still_answers(tmp_path):
    explorer = Explorer(tmp_path / "absent", may_build=True)
    explorer.prepare()
    response = browser(explorer).get("/graphql")
    assert response.status_code == 200
    assert "GraphQL" in response.text


@posix
def test_the_built_page_runs_nothing_but_our_own_files(sources, toolchain):
    toolchain()
    Build(sources).run()
    headers = browser(Explorer(sources)).get("/graphql").headers
    policy = directives(headers["content-security-policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-cache"
    assert headers["vary"] == "Accept"


@posix
def test_only_a_demo_page_offers_the_demo_user(sources, toolchain):
    toolchain()
    Build(sources).run()
    assert "<html data-demo " in browser(Explorer(sources, demo=True)).get("/graphql").text
    assert "data-demo" not in browser(Explorer(sources)).get("/graphql").text


@posix
def test_assets_are_kept_for_good_and_absent_until_they_are_built(sources, toolchain):
    toolchain()
    client = browser(Explorer(sources))
    assert client.get("/explorer/assets/a-1x.js").status_code == 404
    Build(sources).run()
    asset = client.get("/explorer/assets/a-1x.js")
    assert asset.status_code == 200
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["x-content-type-options"] == "nosniff"
    assert client.get("/explorer/assets/../.sources").status_code == 404


@posix
def test_a_step_that_hangs_is_given_up(sources, toolchain, monkeypatch):
    toolchain(npm="exec sleep 30")
    monkeypatch.setattr("transport.explorer_build.STEP_SECONDS", 0.2)
    with pytest.raises(BuildError, match="took more than"):
        Build(sources).run()


@pytest.mark.parametrize("operation", sorted(path.stem for path in (SOURCES / "src/tabs").glob("*.graphql")))
def test_every_operation_that_people_are_greeted_with_is_valid(operation):
    if not SCHEMA.exists():
        pytest.skip("schema.graphql is not exported yet")
    schema = build_schema(SCHEMA.read_text("utf-8"))
    document = parse((SOURCES / f"src/tabs/{operation}.graphql").read_text("utf-8"))
    tour = {tab["operation"]: tab for tab in json.loads((SOURCES / "src/tabs.json").read_text("utf-8"))}
    definitions = document.definitions[0].variable_definitions or ()
    variables = tour.get(operation, {}).get("variables", {})
    assert validate(schema, document) == []
    assert not isinstance(get_variable_values(schema, definitions, variables), list)


def test_the_lock_file_names_no_registry():
    packages = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
