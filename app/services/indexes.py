"""The vector indexes of all bases, kept in step with the database.

The database is the truth. An index starts from its snapshot where there is a sound one, and reads
from the database what was written since: chunks and tombstones with a higher sequence.
"""

import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import ChunkTombstone, KnowledgeBase, StoredChunk
from app.services.bases import get_base
from app.services.errors import WrongEmbedder
from ingest.embedder import Vectors
from vectorstore.faiss_store import FaissStore
from vectorstore.protocol import Match, SnapshotError

log = logging.getLogger(__name__)

_ROWS_PER_READ = 5000  # bounds memory while an index is rebuilt


@dataclass(slots=True)
class Indexes:
    """One FaissStore per base that was asked for; safe to use from several threads."""

    db: Database
    folder: Path
    embedder_name: str
    _stores: dict[str, FaissStore] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def search(
        self,
        vector: Vectors,
        k: int,
        base_ids: Sequence[str],
        only: Collection[int] | None = None,
    ) -> list[Match]:
        """The `k` best matches of one query row `(1, dim)` over all the bases, best first; with
        `only`, those chunks alone are compared.

        Raises NotFound, WrongEmbedder.
        """
        matches: list[Match] = []
        for base_id in base_ids:
            matches += self.current(base_id).search(vector, k, only)[0]
        return sorted(matches, key=lambda m: (-m.score, m.id))[:k]

    def current(self, base_id: str) -> FaissStore:
        """The base's index with everything that is committed."""
        with self.db.read() as session:
            base = get_base(session, base_id)
            if base.embedder != self.embedder_name:
                raise WrongEmbedder(base.name, base.embedder, self.embedder_name)
            store = self._stores.get(base_id)
            if store is not None and store.sequence >= base.sequence:
                return store
            with self._lock:
                store = self._stores.get(base_id) or self._open(base)
                if store.sequence < base.sequence:
                    self._catch_up(session, base, store)
                self._stores[base_id] = store
                return store

    def save(self) -> None:
        """Write a snapshot of each index that changed since its last one."""
        with self._lock:
            for base_id, store in list(self._stores.items()):
                try:
                    store.save()
                except OSError as error:  # a full disk costs a slower start, nothing else
                    log.warning("no snapshot of base %s: %s", base_id, error)

    def _open(self, base: KnowledgeBase) -> FaissStore:
        folder = self.folder / base.id
        try:
            store = FaissStore.load(folder, base.dim, base.embedder)
        except SnapshotError as error:
            log.info("index of base %s is rebuilt: %s", base.name, error)
        else:
            if store.sequence <= base.sequence:
                return store
            log.warning("index of base %s is ahead of the database and is rebuilt", base.name)
        return FaissStore(base.dim, folder=folder, embedder=base.embedder)

    def _catch_up(self, session: Session, base: KnowledgeBase, store: FaissStore) -> None:
        seen = store.sequence
        gone = session.exec(
            select(ChunkTombstone.chunk_id).where(
                ChunkTombstone.base_id == base.id, col(ChunkTombstone.sequence) > seen
            )
        ).all()
        store.delete(gone)
        last_id = 0
        while True:
            rows = session.exec(
                select(StoredChunk.id, StoredChunk.vector)
                .where(
                    StoredChunk.base_id == base.id,
                    col(StoredChunk.sequence) > seen,
                    col(StoredChunk.id) > last_id,
                )
                .order_by(col(StoredChunk.id))
                .limit(_ROWS_PER_READ)
            ).all()
            if not rows:
                break
            ids = [int(id_) for id_, _ in rows if id_ is not None]
            vectors = np.frombuffer(b"".join(v for _, v in rows), dtype="<f4")
            store.upsert(ids, vectors.reshape(len(ids), base.dim))
            last_id = ids[-1]
        store.sequence = base.sequence
