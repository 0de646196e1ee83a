from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.db.engine import Database
from tests.postgres import fresh_database, postgres_server
from tests.sqlite import migrated_file

__all__ = ["postgres_server"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'zhiwen.db'}"
    else:
        with fresh_database(request.getfixturevalue("postgres_server")) as fresh:
            yield fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of each kind."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(fresh_database(server, migrated=True))
        else:
            url = f"sqlite:///{migrated_file(tmp_path / 'data' / 'zhiwen.db')}"
        database = Database(url)
        stack.callback(database.dispose)
        yield database
