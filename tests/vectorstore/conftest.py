"""A database on a real PostgreSQL with pgvector, and a Milvus server."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.db.engine import Database
from app.services.library.vector_tables import connections_of
from tests.milvus import fresh_prefix
from tests.postgres import fresh_database
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.server import Server
from vectorstore.pgvector.schema import SCHEMA
from vectorstore.pgvector.store import Connections


@pytest.fixture(scope="module")
def milvus_engine(milvus_server: str) -> Iterator[MilvusEngine]:
    server = Server(milvus_server)
    engine = MilvusEngine(server, fresh_prefix())
    yield engine
    engine.clear()
    server.close()


@pytest.fixture
def milvus(milvus_engine: MilvusEngine) -> Iterator[MilvusEngine]:
    """An engine without stores. Its collections stay: a new one takes a second."""
    yield milvus_engine
    for name in milvus_engine.names():
        milvus_engine.drop(name)


@pytest.fixture(scope="module")
def database(postgres_server: str) -> Iterator[Database]:
    with fresh_database(postgres_server) as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture
def connections(database: Database) -> Iterator[Connections]:
    """To a database without stores."""
    yield connections_of(database)
    with database.write() as session:
        session.connection().execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
