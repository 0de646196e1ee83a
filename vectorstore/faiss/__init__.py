"""FAISS: an index in memory, with a snapshot on disk."""
