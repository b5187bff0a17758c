"""A seeded world to measure on, kept in a database of its own beside the one in use: made once, then found again."""

from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from core import migrations
from core.settings import settings
from domain.seed import InhabitedError, seed


def world(posts: int = 200_000) -> str:
    """The URL of a database with so many posts, and people and talk in proportion.

    It is on the server of DATABASE_URL, or on the embedded one, which runs as long as this process does.
    """
    server = settings().database_url or _embedded()
    name = f"starling_benchmark_{posts}"
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    migrations.upgrade(url)
    with suppress(InhabitedError):  # made by an earlier run
        seed(url, users=posts // 20, posts=posts, comments=3 * posts, follows=2 * posts)
    return url


def _embedded() -> str:
    from core.embedded import engines

    return engines(settings().data).database_url
