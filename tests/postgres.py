"""A real PostgreSQL for tests.

`from tests.postgres import postgres_server` in a conftest makes the fixture known there; each
test then takes a database of its own with `fresh_database`.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg
import pytest

from app.db.engine import Database
from evals.postgres import running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server's `postgres` database; the server ends with the session."""
    with running_server() as url:
        yield url


@contextmanager
def fresh_database(server: str, *, migrated: bool = False) -> Iterator[str]:
    """The URL of a new database, empty or with all tables, dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    template = _migrated_template(server) if migrated else "template1"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _address(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _migrated_template(server: str) -> str:
    """The name of a database with all tables. Copying it costs a tenth of migrating anew."""
    name = "test_template"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    database = Database(_address(server, name))
    database.migrate()
    database.dispose()  # PostgreSQL copies only databases that nobody is connected to
    return name


def _address(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")
