"""A seeded world to measure on, kept in a database of its own beside the one in use: made once, then found again."""

from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from core import migrations
from core.settings import settings
from domain.seed import InhabitedError, seed


def world(posts: int = 200_000) -> str:
    """The URL of a database with so many posts, and people and talk in proportion."""
    return _made(f"starling_benchmark_{posts}", posts, users=posts // 20, comments=3 * posts, follows=2 * posts)


def quiet_world(posts: int) -> str:
    """The URL of a database with so many posts by always the same 10,000 people, of which hardly anybody talks."""
    few = posts // 100
    return _made(f"starling_quiet_{posts}", posts, users=10_000, comments=few, follows=400_000, likes=few)


def _made(name: str, posts: int, *, users: int, comments: int, follows: int, likes: int | None = None) -> str:
    """The URL of a database of this name, filled where it is empty.

    It is on the server of DATABASE_URL, or on the embedded one, which runs as long as this process does.
    """
    server = settings().database_url or _embedded()
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    migrations.upgrade(url)
    with suppress(InhabitedError):  # made by an earlier run
        seed(url, users=users, posts=posts, comments=comments, follows=follows, likes=likes)
    return url


def _embedded() -> str:
    from core.embedded import engines

    return engines(settings().data).database_url
