"""Builds the vector indexes with the installation's engine."""

from typing import TYPE_CHECKING

from app.config import Settings
from app.db.engine import Database
from app.db.installation import installation_id
from app.services.library.vector_stores import MILVUS
from app.services.library.vector_tables import PGVECTOR, connections_of
from app.services.search.chosen import FIRST, ChosenIndexes, settle
from app.services.search.indexes import Indexes
from app.services.search.vector_indexes import VectorIndexes
from app.services.search.withheld import WithheldChunks
from vectorstore import EngineMissing, vector_engine

if TYPE_CHECKING:
    from vectorstore.milvus.engine import MilvusEngine


def build_indexes(
    settings: Settings, db: Database, embedder_name: str, withheld: WithheldChunks | None = None
) -> VectorIndexes:
    """Raises EngineMissing if the engine's package is not installed."""
    # Before anything is searched: a missing package ends the start, not the first question.
    engine = vector_engine("faiss", settings.indexes_path)

    def in_memory() -> VectorIndexes:
        return Indexes(
            db, engine, embedder_name, withheld=withheld, memory_mib=settings.index_memory_mib
        )

    def in_database() -> VectorIndexes:
        from app.services.search.in_database import DatabaseIndexes

        return DatabaseIndexes(db, embedder_name, withheld=withheld)

    def in_milvus() -> VectorIndexes:
        from app.services.search.in_milvus import MilvusIndexes

        return MilvusIndexes(db, milvus_engine(settings, db), embedder_name, withheld=withheld)

    if db.dialect == "sqlite":
        return in_memory()
    engines = {FIRST: in_memory, PGVECTOR: in_database, MILVUS: in_milvus}
    return ChosenIndexes(db, embedder_name, engines)


def settle_vectors(settings: Settings, db: Database) -> str:
    """Checks at the start that the engine in charge is the one in the settings, and can work.

    Returns its name. Raises VectorsElsewhere, EngineMissing, EngineFailed.
    """
    if db.dialect == "sqlite":
        return FIRST
    engine = settle(db, settings.vectors)
    if engine == PGVECTOR:
        check_pgvector(db)
    elif engine == MILVUS:
        milvus_engine(settings, db).check()
    return engine


def check_vectors(settings: Settings) -> None:
    """The same before anything else is built, on a database that is migrated."""
    if settings.database_url is None:
        return
    database = Database(settings.sql_url)
    try:
        database.migrate()
        settle_vectors(settings, database)
    finally:
        database.dispose()


def check_pgvector(db: Database) -> None:
    """Raises EngineMissing."""
    from vectorstore.pgvector.engine import PgVectorEngine

    PgVectorEngine(connections_of(db)).check()


def milvus_engine(settings: Settings, db: Database) -> "MilvusEngine":
    """Connects with the first call. Raises EngineMissing where no server is configured."""
    from vectorstore.milvus.engine import MilvusEngine
    from vectorstore.milvus.server import Server

    if settings.milvus_url is None:
        raise EngineMissing("milvus needs ZHIWEN_MILVUS_URL=http://HOST:19530")
    server = Server(settings.milvus_url, settings.milvus_token.get_secret_value())
    return MilvusEngine(server, f"zhiwen_{installation_id(db)}")
