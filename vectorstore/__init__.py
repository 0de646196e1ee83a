"""Vector stores: an exact in-memory engine and FAISS; `vector_engine` selects one."""

from vectorstore.factory import vector_engine
from vectorstore.protocol import (
    EngineMissing,
    Match,
    SnapshotError,
    VectorEngine,
    VectorStore,
    VectorStoreError,
)

__all__ = [
    "EngineMissing",
    "Match",
    "SnapshotError",
    "VectorEngine",
    "VectorStore",
    "VectorStoreError",
    "vector_engine",
]
