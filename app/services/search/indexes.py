"""The vector indexes of all bases, kept in step with the database.

The database is the truth. An index starts from its snapshot where there is a sound one, reads from
the database what was written since (chunks and tombstones with a higher sequence), and is compared
with it once. An index that differs is built anew.
"""

import logging
import shutil
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import ChunkTombstone, KnowledgeBase
from app.services.errors import WrongEmbedder
from app.services.library.bases import get_base
from app.services.library.vectors import read_vectors, searched_ids
from ingest.embedding.embedder import Vectors
from vectorstore.faiss.store import FaissStore
from vectorstore.protocol import Match, SnapshotError

log = logging.getLogger(__name__)

_ROWS_PER_READ = 5000  # bounds memory while an index is rebuilt


@dataclass(frozen=True, slots=True)
class Opened:
    """An index in memory, for one generation of its base's vectors."""

    generation: int
    store: FaissStore


@dataclass(slots=True)
class Indexes:
    """One FaissStore per base that was asked for; safe to use from several threads.

    `repaired` says which snapshots were not usable and why, `unsaved` which cannot be written.
    """

    db: Database
    folder: Path
    embedder_name: str
    repaired: dict[str, str] = field(default_factory=dict)  # name of the base to reason
    unsaved: dict[str, str] = field(default_factory=dict)
    _opened: dict[str, Opened] = field(default_factory=dict)
    _saved: dict[str, tuple[int, int]] = field(default_factory=dict)  # generation, sequence
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
            store = self._held(base)
            if store is not None and store.sequence >= base.sequence:
                return store
            with self._lock:
                store = self._held(base)
                if store is None:
                    store = self._open(session, base)
                elif store.sequence < base.sequence:
                    _catch_up(session, base, store)
                self._opened[base_id] = Opened(base.generation, store)
                return store

    def save(self) -> None:
        """Write a snapshot of each index that changed since its last one."""
        with self._lock:
            for base_id, opened in list(self._opened.items()):
                state = opened.generation, opened.store.sequence
                if self._saved.get(base_id) == state:
                    continue
                try:
                    opened.store.save()
                except OSError as error:  # costs a slower start, nothing else
                    if base_id not in self.unsaved:
                        log.warning("the index of base %s cannot be saved: %s", base_id, error)
                    self.unsaved[base_id] = error.strerror or str(error)
                else:
                    self.unsaved.pop(base_id, None)
                    self._saved[base_id] = state

    def differences(self, base_id: str, *, repair: bool) -> int:
        """How many chunks the base's index has too many or too few; with `repair` it is built
        anew where there are any. Raises NotFound, WrongEmbedder."""
        store = self.current(base_id)
        with self._lock, self.db.read() as session:
            base = get_base(session, base_id)
            if store.sequence != base.sequence:
                _catch_up(session, base, store)
            differing = len(store.ids() ^ searched_ids(session, base_id))
            if differing and repair:
                folder = self.folder / _folder_name(base)
                fresh = FaissStore(base.dim, folder=folder, embedder=base.embedder)
                _catch_up(session, base, fresh)
                self._opened[base_id] = Opened(base.generation, fresh)
                self._saved.pop(base_id, None)
            return differing

    def sweep(self) -> int:
        """Remove the folders of bases and generations that are gone; returns how many."""
        with self.db.read() as session:
            kept = {_folder_name(base) for base in session.exec(select(KnowledgeBase))}
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        gone = [each for each in found if each.is_dir() and each.name not in kept]
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)
        return len(gone)

    def _held(self, base: KnowledgeBase) -> FaissStore | None:
        opened = self._opened.get(base.id)
        return opened.store if opened and opened.generation == base.generation else None

    def _open(self, session: Session, base: KnowledgeBase) -> FaissStore:
        """From the snapshot, or else from the database."""
        folder = self.folder / _folder_name(base)
        try:
            store = FaissStore.load(folder, base.dim, base.embedder)
            if store.sequence > base.sequence:
                raise SnapshotError("it is ahead of the database")
            loaded = store.sequence
            _catch_up(session, base, store)
            if store.ids() != searched_ids(session, base.id):
                raise SnapshotError("it differs from the database")
        except SnapshotError as error:
            if base.sequence:
                log.warning("the index of base %s is built anew: %s", base.name, error)
                self.repaired[base.name] = str(error)
            store = FaissStore(base.dim, folder=folder, embedder=base.embedder)
            _catch_up(session, base, store)
        else:
            self._saved[base.id] = base.generation, loaded
        return store


def _folder_name(base: KnowledgeBase) -> str:
    return f"{base.id}-{base.generation}" if base.generation else base.id


def _catch_up(session: Session, base: KnowledgeBase, store: FaissStore) -> None:
    """Bring the store to the base's sequence."""
    seen = store.sequence
    gone = session.exec(
        select(ChunkTombstone.chunk_id).where(
            ChunkTombstone.base_id == base.id, col(ChunkTombstone.sequence) > seen
        )
    ).all()
    store.delete(gone)
    last_id = 0
    while True:
        ids, vectors = read_vectors(
            session, base, seen=seen, after_id=last_id, limit=_ROWS_PER_READ
        )
        if not ids:
            break
        store.upsert(ids, vectors)
        last_id = ids[-1]
    store.sequence = base.sequence
