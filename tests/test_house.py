"""The rules of the house that no linter knows: see docs/adr and CONTRIBUTING.md."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
IGNORED = {".venv", ".data", "node_modules", "dist", "__pycache__", ".git"}
ROOMS = ["core", "execution", "models", "domain", "loaders", "live", "resolvers", "auth", "jobs", "schema", "transport"]
LONGEST = 300
LOCKS = "package-lock.json"

SELECTING_ROOMS = {"loaders", "domain"}
SELECTING_FILES = {
    "live/log.py": "the outbox as the relay reads it: events, not what people see",
    "live/audience.py": "whom an event concerns",
    "transport/health.py": "select 1",
    "core/database.py": "locks, and whether a connection lives",
    "core/embedded.py": "whether the database is there",
    "core/migrations.py": "the revision",
}
COMMITTING_FILES = {"core/database.py", "core/migrations.py"}


def files(pattern: str) -> Iterator[Path]:
    """The project's own files."""
    for path in sorted(PROJECT.rglob(pattern)):
        if not IGNORED.intersection(path.relative_to(PROJECT).parts):
            yield path


def sources() -> dict[str, ast.Module]:
    """The program's modules, tests and tools aside, by their path."""
    found = [*PROJECT.glob("*.py"), *(path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))]
    return {path.relative_to(PROJECT).as_posix(): ast.parse(path.read_text("utf-8")) for path in found}


SOURCES = sources()


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the last part of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name, node


def selects(tree: ast.Module) -> bool:
    """Whether a module has a SELECT of its own, in SQLAlchemy's words or in SQL's."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    sql = any(re.match(r"\s*(select|with|insert|update|delete)\s.+\b(from|into|set|pg_\w+)\b", text) for text in texts)
    return sql or any(name == "select" for name, _ in calls(tree))


def test_only_loaders_and_the_domain_select():
    found = {path for path, tree in SOURCES.items() if selects(tree) and path.split("/")[0] not in SELECTING_ROOMS}
    assert found - SELECTING_FILES.keys() == set()


def test_only_the_database_commits():
    found = {path for path, tree in SOURCES.items() if any(name == "commit" for name, _ in calls(tree))}
    assert found == COMMITTING_FILES


def test_only_the_settings_read_the_environment():
    found = {
        path
        for path, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    }
    assert found == {"core/settings.py"}


def test_no_statement_is_built_from_strings():
    built = [
        f"{path}:{call.lineno}"
        for path, tree in SOURCES.items()
        for name, call in calls(tree)
        if name in {"execute", "text", "SQL"} and call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert built == []


def test_nothing_loads_itself():
    relationships = [path for path, tree in SOURCES.items() for name, _ in calls(tree) if name == "relationship"]
    assert relationships == [], 'if there must be one, then with lazy="raise"'


def test_rooms_are_small():
    lengths = {path: len((PROJECT / path).read_text("utf-8").splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_packages_say_nothing_at_their_doors():
    doors = list(files("__init__.py"))
    assert len(doors) > len(ROOMS)
    assert [str(path) for path in doors if path.read_bytes()] == []


def test_every_room_of_tests_is_a_package_so_that_names_may_repeat():
    rooms = {path.parent for path in files("test_*.py")}
    assert [str(room) for room in rooms if not (room / "__init__.py").exists()] == []


def test_no_module_is_named_like_one_of_pythons():
    ours = {path.stem for path in PROJECT.glob("*.py")} | {path.parent.name for path in PROJECT.glob("*/__init__.py")}
    assert ours & sys.stdlib_module_names == set()


def test_every_module_says_what_it_is():
    silent = [path for path, tree in SOURCES.items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_imports_point_downward():
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([tool, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_lock_names_public_indexes_only():
    urls = re.findall(r"[a-z+]+://[^\s\"'/]+", (PROJECT / "uv.lock").read_text("utf-8"))
    assert len(urls) > 100
    assert set(urls) == {"https://pypi.org", "https://files.pythonhosted.org"}


@pytest.mark.parametrize("lock", list(files(LOCKS)), ids=lambda path: path.parent.name)
def test_a_lock_of_node_names_no_registry(lock: Path):
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in packages.items() if name)
    assert "omit-lockfile-registry-resolved=true" in lock.with_name(".npmrc").read_text("utf-8").splitlines()


@pytest.mark.parametrize("command", ["pip install uv && uv run server.py", "pip install uv && uv run pytest"])
def test_the_readme_shows_each_command_by_itself(command: str):
    assert command in (PROJECT / "README.md").read_text("utf-8").splitlines()
