"""A database for servers of a test's own."""

import os
from itertools import count

import psycopg
import pytest

from tests.conftest import clone_database, database_at, drop_database

_numbers = count(1)


@pytest.fixture
def own_url(servers, template, worker_number):
    """A new, empty database's URL."""
    name = f"starling_own_{os.getpid()}_{worker_number}_{next(_numbers)}"
    with psycopg.connect(servers[0], autocommit=True) as connection:
        clone_database(connection, template, name)
        yield database_at(servers[0], name)
        drop_database(connection, name)
