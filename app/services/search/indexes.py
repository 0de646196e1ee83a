"""The vector indexes of all bases, kept in step with the database.

The database is the truth. An index starts from its snapshot where there is a sound one, reads from
the database what was written since (chunks and tombstones with a higher sequence), and is compared
with it once. An index that differs is built anew.

Each base has a lock of its own for opening, catching up and saving; a search in an index that is
up to date takes none. Nobody holds a database session while waiting for a lock.
"""

import logging
from collections.abc import Collection, Sequence

from sqlmodel import Session, select

from app.db.engine import Database
from app.db.tables import KnowledgeBase
from app.rag.types import Scope
from app.services.library.bases import stored_base
from app.services.library.catch_up import catch_up, catch_up_and_compare
from app.services.library.vector_tables import store_name
from app.services.library.vectors import searched_ids
from app.services.search.asked_bases import asked_bases, bases_by_id
from app.services.search.open_indexes import NEVER, OpenIndex, OpenIndexes
from app.services.search.withheld import WithheldChunks
from ingest.embedding.embedder import Vectors
from vectorstore import Match, NotSaved, SnapshotError, VectorEngine, VectorStore

log = logging.getLogger(__name__)

MEMORY_MIB = 1024  # a million chunks of 384 dimensions that are not saved yet


class Indexes:
    """One store per base that was asked for; safe to use from several threads.

    Above `memory_mib` they are saved, which leaves their rows to their files, and where that is not
    enough, those that were not used for longest are closed. The one that is asked for stays,
    however large it is.

    `repaired` says which snapshots were not usable and why, `unsaved` which cannot be written.
    """

    engine_name = "faiss"

    def __init__(
        self,
        db: Database,
        engine: VectorEngine,
        embedder_name: str,
        *,
        withheld: WithheldChunks | None = None,
        memory_mib: float = MEMORY_MIB,
    ) -> None:
        self.db = db
        self.engine = engine
        self.embedder_name = embedder_name
        self.repaired: dict[str, str] = {}  # name of the base to reason
        self.unsaved: dict[str, str] = {}  # id of the base to reason
        self._withheld = withheld or WithheldChunks()
        self._open = OpenIndexes(memory_mib)

    def check(self) -> None:
        """Nothing can be away: the indexes are in this process."""

    def search(
        self,
        vector: Vectors,
        k: int,
        scope: Scope,
        only: Collection[int] | None = None,
    ) -> list[Match]:
        """The `k` best matches of one query row `(1, dim)` over all the scope's bases, best first,
        and none that it withholds; with `only`, those chunks alone are compared.

        Raises NotFound, WrongEmbedder.
        """
        deny: Collection[int] = ()
        if scope.withheld:
            with self.db.read() as session:
                deny = self._withheld.chunks(session, scope)
        allow = None if only is None else frozenset(only)  # small bases look for their own in it
        matches: list[Match] = []
        for base in self._look(scope.base_ids):
            matches += self._current(base).search(vector, k, allow, deny)[0]
        return sorted(matches, key=lambda m: (-m.score, m.id))[:k]

    def current(self, base_id: str) -> VectorStore:
        """The base's index with everything that is committed. Raises NotFound, WrongEmbedder."""
        (base,) = self._look([base_id])
        return self._current(base)

    @property
    def in_memory(self) -> list[str]:
        """Ids of the bases whose index is open, the one that was used last at the end."""
        return self._open.base_ids()

    @property
    def full(self) -> bool:
        """Whether one more base would push another one out of memory."""
        return self._open.full

    def save(self) -> None:
        """Write a snapshot of each index that changed since its last one, and delete those of
        bases and generations that are gone."""
        self._look([])
        for base_id in self._open.base_ids():
            with self._open.lock(base_id):
                self._save(base_id)
        self.sweep()

    def optimise(self) -> None:
        """Find clusters in each open index that is large and has none. Searches and changes go on
        meanwhile; it is saved with the next `save`."""
        for base_id in self._open.base_ids():
            index = self._open.get(base_id)
            if index is not None and index.store.optimise():
                with self._open.lock(base_id):  # not between writing a snapshot and noting it
                    index.saved = NEVER

    def sweep(self) -> int:
        """Delete the snapshots of bases and generations that are gone; returns how many."""
        found = self.engine.names()  # before the bases: one that is created meanwhile stays
        with self.db.read() as session:
            kept = {store_name(base) for base in session.exec(select(KnowledgeBase))}
        gone = found - kept
        for name in gone:
            self.engine.drop(name)
        return len(gone)

    def differences(self, base_id: str, *, repair: bool) -> int:
        """How many chunks the base's index has too many or too few; with `repair` it is built
        anew where there are any. Raises NotFound, WrongEmbedder."""
        store = self.current(base_id)
        with self._open.lock(base_id), self.db.read() as session:
            base = stored_base(session, base_id)
            if store.sequence != base.sequence:
                catch_up(session, base, store)
            differing = len(store.ids() ^ searched_ids(session, base_id))
            if differing and repair:
                self._build(session, base)
            return differing

    def _look(self, base_ids: Sequence[str]) -> list[KnowledgeBase]:
        """The bases as they are now. Those in memory that are gone leave it."""
        opened = set(self._open.base_ids())
        with self.db.read() as session:
            found = bases_by_id(session, opened.union(base_ids))
        self._close(opened - found.keys())
        return asked_bases(found, base_ids, self.embedder_name)

    def _current(self, base: KnowledgeBase) -> VectorStore:
        store = self._open.use(base.id, base.generation)
        if store is not None and store.sequence >= base.sequence:
            return store
        with self._open.lock(base.id):
            store = self._brought_up_to_date(base)
        self._make_room(base.id)
        return store

    def _brought_up_to_date(self, seen: KnowledgeBase) -> VectorStore:
        """The index in memory, or else the snapshot, or else a new one, with all changes applied.
        With the base's lock held."""
        store = self._open.use(seen.id, seen.generation)
        loaded = self._load(seen) if store is None else None
        with self.db.read() as session:
            found = bases_by_id(session, [seen.id])
            (base,) = asked_bases(found, [seen.id], self.embedder_name)
            if base.generation != seen.generation:  # re-embedded at this moment
                return self._build(session, base)
            if store is not None:
                catch_up(session, base, store)
                return store
            if loaded is not None:
                saved = loaded.sequence
                try:
                    catch_up_and_compare(session, base, loaded)
                except SnapshotError as error:
                    self._note_repair(base, error)
                else:
                    return self._keep(base, loaded, saved)
            return self._build(session, base)

    def _load(self, base: KnowledgeBase) -> VectorStore | None:
        """The base's snapshot where it can be used."""
        try:
            return self.engine.open(store_name(base), base.dim, base.embedder)
        except NotSaved:
            log.info("the index of base %s is built: none was saved yet", base.name)
        except SnapshotError as error:
            self._note_repair(base, error)
        return None

    def _note_repair(self, base: KnowledgeBase, error: SnapshotError) -> None:
        if base.sequence:
            log.warning("the index of base %s is built anew: %s", base.name, error)
            self.repaired[base.name] = str(error)

    def _build(self, session: Session, base: KnowledgeBase) -> VectorStore:
        """From the database alone."""
        store = self.engine.create(store_name(base), base.dim, base.embedder)
        catch_up(session, base, store)
        return self._keep(base, store, NEVER)

    def _keep(self, base: KnowledgeBase, store: VectorStore, saved: int) -> VectorStore:
        self._open.put(base.id, OpenIndex(base.generation, store, saved))
        return store

    def _make_room(self, asked_for: str) -> None:
        """Save, the one that is asked for at the end, then close what was not used for longest, as
        long as memory is short."""
        for work, spared in ((self._save, ""), (self._leave, asked_for)):
            for base_id in self._open.base_ids():
                if not self._open.full:
                    return
                if base_id == spared:
                    continue
                lock = self._open.lock(base_id)
                # One that somebody is opening or saving is in use; waiting for it would hold up a
                # search in another base.
                if not lock.acquire(blocking=False):
                    continue
                try:
                    work(base_id)
                finally:
                    lock.release()

    def _leave(self, base_id: str) -> None:
        self._save(base_id)
        self._close([base_id])

    def _save(self, base_id: str) -> None:
        """Where it changed. With the base's lock held."""
        index = self._open.get(base_id)
        if index is None or index.saved == index.store.sequence:
            return
        try:
            index.store.save()
        except OSError as error:  # costs a slower start, nothing else
            if base_id not in self.unsaved:
                log.warning("the index of base %s cannot be saved: %s", base_id, error)
            self.unsaved[base_id] = error.strerror or str(error)
        else:
            self.unsaved.pop(base_id, None)
            index.saved = index.store.sequence

    def _close(self, base_ids: Collection[str]) -> None:
        self._open.close(base_ids)
        for base_id in base_ids:
            self.unsaved.pop(base_id, None)
