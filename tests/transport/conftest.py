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
    yield from _database(servers[0], template, worker_number)


@pytest.fixture(scope="module")
def shared_url(servers, template, worker_number):
    """The same, for all tests of a file."""
    yield from _database(servers[0], template, worker_number)


def _database(maintenance, template, worker_number):
    name = f"starling_own_{os.getpid()}_{worker_number}_{next(_numbers)}"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        clone_database(connection, template, name)
        yield database_at(maintenance, name)
        drop_database(connection, name)
