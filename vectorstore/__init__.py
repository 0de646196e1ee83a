"""Vector stores: one protocol, an exact in-memory engine, and FAISS."""

from vectorstore.protocol import Match, VectorStore, VectorStoreError

__all__ = ["Match", "VectorStore", "VectorStoreError"]
