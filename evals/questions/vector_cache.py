"""A caching embedder: each text is embedded once over all runs."""

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.embedding.embedder import Embedder, TextKind, Vectors

_BATCH = 64


class CachedEmbedder:
    """Wraps `embedder` with a cache in an SQLite file.

    `version` identifies code and weights; vectors of other versions are ignored. Thread-safe.
    """

    def __init__(self, embedder: Embedder, path: Path, *, version: str) -> None:
        self.name, self.dim, self.max_tokens = embedder.name, embedder.dim, embedder.max_tokens
        self._embedder, self._version = embedder, version
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
        )

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.token_counts(texts)

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """See `Embedder.embed`."""
        keys = [self._key(text, kind) for text in texts]
        with self._lock:
            known = {key: self._read(key) for key in keys}
            wanted = {k: t for k, t in zip(keys, texts, strict=True) if known[k] is None}
            if wanted:
                made = self._embedder.embed(list(wanted.values()), kind=kind)
                known |= dict(zip(wanted, made, strict=True))
                self._write({key: known[key] for key in wanted})
        rows = [known[key] for key in keys]
        return np.stack([row for row in rows if row is not None])

    def prepare(self, texts: Sequence[str], *, kind: TextKind) -> None:
        """Embeds many texts in batches, much faster than one by one."""
        for start in range(0, len(texts), _BATCH):
            self.embed(texts[start : start + _BATCH], kind=kind)

    def close(self) -> None:
        self._db.close()

    def _key(self, text: str, kind: TextKind) -> bytes:
        named = "\0".join((self.name, self._version, kind, text))
        return hashlib.sha256(named.encode("utf-8", errors="surrogatepass")).digest()

    def _read(self, key: bytes) -> Vectors | None:
        row = self._db.execute("SELECT value FROM vector WHERE key = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype="<f4")

    def _write(self, vectors: dict[bytes, Vectors | None]) -> None:
        rows = [(k, v.astype("<f4").tobytes()) for k, v in vectors.items() if v is not None]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?)", rows)
        self._db.execute("COMMIT")
