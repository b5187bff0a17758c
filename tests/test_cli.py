"""What `cli.py` promises: it does what it says, and refuses in a line what it can't."""

import asyncio
import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import psycopg
import pytest

import cli
from auth import tokens
from auth.keys import ring
from core.database import Database
from core.sealing import seal, unseal
from core.settings import settings
from domain import housekeeping
from schema.root import sdl
from tests.api import Person
from tests.conftest import clone_database, database_at, drop_database
from tests.transport.test_outages import started

SMALL = ("--users", "60", "--posts", "150", "--comments", "400", "--follows", "600")


@pytest.fixture(autouse=True)
def database(servers: tuple[str, str], template: str, worker_number: int, monkeypatch) -> Iterator[str]:
    """The database that the commands find: migrated, empty, their own."""
    name = f"starling_cli_{os.getpid()}_{worker_number}"
    with psycopg.connect(servers[0], autocommit=True) as connection:
        clone_database(connection, template, name)
        monkeypatch.setenv("DATABASE_URL", database_at(servers[0], name))
        settings.cache_clear()
        yield database_at(servers[0], name)
        monkeypatch.undo()
        settings.cache_clear()
        drop_database(connection, name)


def scalar(url: str, query: str) -> object:
    """The first column of a query's only row."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def execute(url: str, statement: str, *values: object) -> None:
    """Change something behind the commands' back."""
    with psycopg.connect(url) as connection:
        connection.execute(statement, values)


def refusal(*arguments: str) -> str:
    """What a command says when it refuses."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert isinstance(ended.value.code, str)
    return ended.value.code


def test_seed_migrates_and_fills_an_empty_database(database: str):
    cli.main(["migrate", "--down", "base"])
    cli.main(["seed", *SMALL])
    assert scalar(database, "select count(*) from users") == 60
    assert scalar(database, "select count(*) from users where handle = 'ada'") == 1


def test_somebody_gets_a_role_and_it_is_put_down(database: str):
    cli.main(["seed", *SMALL])
    cli.main(["role", "Ada", "admin"])
    of_ada = "from users join {} on user_id = users.id where handle = 'ada'"
    assert scalar(database, f"select role {of_ada.format('accounts')}") == "ADMIN"
    assert scalar(database, f"select details->>'role' {of_ada.format('security_events')}") == "ADMIN"
    assert scalar(database, "select count(*) from outbox where kind = 'AccountChanged'") == 1
    assert "nobody" in refusal("role", "no_such_person", "admin")


def test_seed_refuses_an_inhabited_database_until_it_is_told_to_reset_it(database: str):
    cli.main(["seed", *SMALL])
    history = scalar(database, "select history from streams")
    posts = "select count(*) from posts"
    assert "--reset" in refusal("seed", *SMALL, "--posts", "200")
    assert scalar(database, posts) == 150
    cli.main(["seed", *SMALL, "--posts", "200", "--reset"])
    assert scalar(database, posts) == 200
    assert scalar(database, "select history from streams") == history


def test_seed_refuses_production_and_leaves_it_empty(database: str, monkeypatch):
    monkeypatch.setenv("STARLING_ENV", "production")
    settings.cache_clear()
    assert "production" in refusal("seed", *SMALL)
    assert scalar(database, "select count(*) from users") == 0


def test_migrate_goes_down_and_up_and_tells_where_it_stands(database: str, capsys):
    cli.main(["migrate", "--check"])
    assert "agree" in capsys.readouterr().out
    cli.main(["migrate", "--down", "0001"])
    assert scalar(database, "select to_regclass('users')") is None
    assert "not up to date" in refusal("migrate", "--check")
    cli.main(["migrate"])
    assert scalar(database, "select to_regclass('users')") == "users"


def test_what_cannot_work_is_told_in_a_line(monkeypatch):
    assert refusal("migrate", "9999") == "Can't locate revision identified by '9999'."
    assert "at least 50" in refusal("seed", "--users", "10")
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@127.0.0.1:1/nothing")
    settings.cache_clear()
    said = refusal("migrate")
    assert "refused" in said
    assert "secret" not in said
    assert "\n" not in said


@pytest.mark.parametrize("wrong", [["seed", "--users", "-1"], ["seed", "--now", "soon"], ["fly"], []])
def test_wrong_options_are_a_matter_of_usage(wrong: list[str], capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(wrong)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


async def test_a_rotation_leaves_every_token_good_until_its_key_is_gone(database: str, redis_url: str):
    async def said(*command: str) -> list[str]:
        with redirect_stdout(io.StringIO()) as out:  # `capsys` would take the application's log for good
            await asyncio.to_thread(cli.main, command)
        return out.getvalue().splitlines()

    async def after(change: str) -> list[str]:
        """The keys that others can read once the server has seen a change: it looks once a minute."""
        execute(database, change)
        await ring.load(db)
        return [key["kid"] for key in (await api.http.get("/oauth/jwks")).json()["keys"]]

    async def let_in(*people: Person) -> list[int]:
        return [(await api.post("{ viewer { id } }", viewer=person)).status_code for person in people]

    db = Database(database)
    async with started(database, redis_url) as api:
        ada, ann = await api.sign_up(), await api.sign_up()
        rotated = await said("keys", "rotate")
        old, new = await after("select 1")
        assert [line.split()[0] for line in rotated] == [old, new]
        assert ("verifies until" in rotated[0], "newest" in rotated[1]) == (True, True)
        bob = await api.sign_up()
        assert await after("update signing_keys set signs_from = now() where verifies_until is null") == [old, new]
        carol = await api.sign_up()
        assert [tokens._kid(each.token) for each in (ada, ann, bob, carol)] == [old, old, old, new]
        assert await let_in(ada, bob, carol) == [200] * 3
        assert await after("update signing_keys set verifies_until = now() where verifies_until > now()") == [new]
        assert await let_in(ann, carol) == [401, 200]
        await housekeeping.tidy(db)
        assert [line.split()[0] for line in await said("keys", "list")] == [new]
        assert scalar(database, "select count(*) from signing_keys") == 1
    await db.close()


def test_what_lasts_is_sealed_anew_after_which_nobody_needs_the_old_secret(database: str, monkeypatch, capsys):
    def secret(today: str, before: str = "") -> None:
        monkeypatch.setenv("STARLING_SECRET", today * 32)
        monkeypatch.setenv("STARLING_PREVIOUS_SECRETS", before * 32)
        settings.cache_clear()

    secret("o")
    cli.main(["keys", "list"])
    kid = capsys.readouterr().out.split()[0]
    for number, sealed in enumerate((seal(b"ada's", "totp"), b"nobody opens this")):
        execute(database, "insert into users (id, handle, name) values (%s, %s, 'A')", number + 1, f"a_{number}")
        execute(database, "insert into totp_factors values (%s, %s, 0)", number + 1, sealed)
    secret("n", "o")
    cli.main(["keys", "reseal"])
    assert "today's secret: 2. Under a secret that isn't listed: 1." in capsys.readouterr().out
    secret("n")
    cli.main(["keys", "list"])
    assert capsys.readouterr().out.split()[0] == kid, "else another would have been made"
    assert unseal(scalar(database, "select sealed from totp_factors where user_id = 1"), "totp") == b"ada's"
    cli.main(["keys", "reseal"])
    assert "today's secret: 0." in capsys.readouterr().out


def test_schema_writes_what_the_code_says_and_tells_when_the_file_is_old(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(cli, "SCHEMA", tmp_path / "schema.graphql")
    assert "uv run cli.py schema" in refusal("schema", "--check")
    cli.main(["schema"])
    cli.main(["schema", "--check"])
    assert cli.SCHEMA.read_text("utf-8") == sdl()
    cli.SCHEMA.write_text("type Query { old: Int }", "utf-8")
    assert "isn't what the code says" in refusal("schema", "--check")


def test_explain_tells_how_an_operation_is_executed(tmp_path: Path, capsys) -> None:
    document = tmp_path / "viewer.graphql"
    document.write_text("query Me($yes: Boolean!) { viewer { name handle @skip(if: $yes) } }")
    cli.main(["explain", str(document), "--variables", '{"yes": true}'])
    said = capsys.readouterr().out
    assert "query Me · price 1" in said
    assert "handle" not in said
    document.write_text("{ nobody }")
    assert "Cannot query field 'nobody'" in refusal("explain", str(document))
