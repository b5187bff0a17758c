"""The database that all servers answer from: a copy of the seeded world, with what PostGraphile adds to it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from benchmarks.comparison.statements import plain, statements
from benchmarks.world import world
from core.ids import LARGEST

NAME = ROLE = "starling_comparison"
RIVALS = Path(__file__).parent.parent / "rivals"


@contextmanager
def database() -> Iterator[str]:
    """The URL of a fresh copy, which is gone when the block ends."""
    original = world()
    parts = urlsplit(original)
    server = urlunsplit(parts._replace(path="/postgres"))
    name, template = sql.Identifier(NAME), sql.Identifier(parts.path[1:])
    with psycopg.connect(server, autocommit=True) as connection:
        _drop(connection)
        connection.execute(sql.SQL("create database {} template {}").format(name, template))
        connection.execute(sql.SQL("create role {}").format(sql.Identifier(ROLE)))
        connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(ROLE)))
        try:
            url = urlunsplit(parts._replace(path=f"/{NAME}"))
            with psycopg.connect(url, autocommit=True) as copy:
                _extend(copy)
            yield url
        finally:
            _drop(connection)


def _drop(connection: psycopg.Connection) -> None:
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(NAME)))
    connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(ROLE)))


def _extend(connection: psycopg.Connection) -> None:
    text = (RIVALS / "postgraphile/schema.sql").read_text("utf-8").replace(":role", ROLE)
    connection.execute(text.encode())
    for function in _functions(connection):
        connection.execute(function.encode())
    connection.execute("vacuum analyze")


def _functions(connection: psycopg.Connection) -> Iterator[str]:
    """What Starling has a statement for, as functions that keep its plan."""

    def body(name: str, **values: str) -> str:
        statement = plain(statements()[name])
        constants = {each: sql.Literal(value).as_string(connection) for each, value in statement["constants"].items()}
        names = statement["parameters"]
        return re.sub(r"\$(\d+)", lambda found: (constants | values)[names[int(found[1]) - 1]], statement["text"])

    header = "language plpgsql security definer set plan_cache_mode = force_generic_plan"
    page = {"viewer": "seen_by", "limit": "page_size", "after_0": str(LARGEST), "after_1": str(LARGEST)}
    yield f"""create function feed_page(page_size int) returns setof posts stable {header} as $$
        declare seen_by bigint := viewer_id();
        begin return query select found.*, null::tsvector from ({body("feed", **page)}) found; end $$"""
    asked = page | {"viewer": "$1", "text": "$2", "limit": "$3"}
    columns = "found.id, found.author_id, found.body, found.visibility, found.created_at, found.edited_at"
    yield f"""create function search_page(words text, page_size int) returns setof posts stable {header} as $$
        begin return query execute $statement$
            select {columns}, null::tsvector from ({body("search", **asked)}) found
        $statement$ using viewer_id(), lower(words), page_size; end $$"""
    listed = page | {"viewer": "viewer_id()", "keys": "array[person.id]"}
    person = "found.id, found.handle, found.name, found.bio, found.avatar_url, found.is_private, found.created_at"
    yield f"""create function users_followers(person users, page_size int) returns setof users stable {header} as $$
        begin return query select {person}, null::text from ({body("followersOfUser", **listed)}) found; end $$"""
    new = {"author": "viewer_id()", "text": "btrim(content)", "seen": "'PUBLIC'"}
    event = {"what": "'PostAdded'", "ids": "jsonb_build_object('post_id', made.id, 'author_id', made.author_id)"}
    yield f"""create function publish(content text) returns posts volatile {header} as $$
        declare made posts; noted bigint;
        begin
            {body("insertPost", **new)} into made;
            {body("countPost", owner="made.author_id", add_public_posts="1")};
            {body("recordEvent", **event)} into noted;
            return made;
        end $$"""


def value(connection: psycopg.Connection, query: Any, *parameters: Any) -> Any:
    """The only column of a query's only row."""
    [[found]] = connection.execute(query, parameters).fetchall()
    return found
