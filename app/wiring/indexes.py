"""Builds the vector indexes with the configured engine."""

from app.config import Settings
from app.db.engine import Database
from app.services.search.indexes import Indexes
from app.services.search.withheld import WithheldChunks
from vectorstore import vector_engine


def build_indexes(
    settings: Settings, db: Database, embedder_name: str, withheld: WithheldChunks | None = None
) -> Indexes:
    """Raises EngineMissing if the engine's package is not installed."""
    engine = vector_engine(settings.vectors, settings.indexes_path)
    return Indexes(
        db, engine, embedder_name, withheld=withheld, memory_mib=settings.index_memory_mib
    )
