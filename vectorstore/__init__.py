"""Vectors by id: one protocol, an exact in-memory engine, and FAISS; `vector_engine` picks one."""

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
