"""Vector stores: an exact engine, FAISS, pgvector and Milvus; `vector_engine` selects one."""

from vectorstore.factory import vector_engine
from vectorstore.protocol import (
    EngineFailed,
    EngineMissing,
    Match,
    NotOptimised,
    NotSaved,
    SnapshotError,
    VectorEngine,
    VectorStore,
    VectorStoreError,
)

__all__ = [
    "EngineFailed",
    "EngineMissing",
    "Match",
    "NotOptimised",
    "NotSaved",
    "SnapshotError",
    "VectorEngine",
    "VectorStore",
    "VectorStoreError",
    "vector_engine",
]
