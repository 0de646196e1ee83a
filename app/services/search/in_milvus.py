"""Search where the vectors are on a Milvus server: `ZHIWEN_VECTORS=milvus`.

This process holds none, only what it knows of the stores. A search is one request for all of its
bases. One that is behind the database is brought up to date first (`library/vector_stores.py`), as
a rule by `optimise`, which looks for such every minute.
"""

import logging
import math
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import cast

from sqlmodel import Session, select

from app.db.engine import Database
from app.db.tables import KnowledgeBase, Reembedding
from app.rag.types import Scope
from app.services.errors import NotFound
from app.services.library.bases import stored_base
from app.services.library.vector_stores import (
    MILVUS,
    WAIT_S,
    StoreBusy,
    alone_with,
    bring_store,
    has_all,
    mend,
)
from app.services.library.vector_tables import is_in_charge, next_name, store_name
from app.services.library.vectors import searched_ids
from app.services.search.asked_bases import asked_bases, bases_by_id
from app.services.search.open_indexes import OpenIndex, OpenIndexes
from app.services.search.withheld import WithheldChunks
from ingest.embedding.embedder import Vectors
from vectorstore import EngineFailed, Match, SnapshotError, VectorStoreError
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.store import MilvusStore

log = logging.getLogger(__name__)

_CHECK_S = 2.0  # for the server to say that it is there
_CHECKED_S = 5.0  # that what it said counts


class MilvusIndexes:
    """Keeps the stores that it has seen, and the withheld chunks of those who search.

    `ahead`: also while another engine is in charge, as for a move to Milvus.
    """

    engine_name = MILVUS
    full = False
    unsaved: Mapping[str, str] = {}

    def __init__(
        self,
        db: Database,
        engine: MilvusEngine,
        embedder_name: str,
        *,
        withheld: WithheldChunks | None = None,
        ahead: bool = False,
    ) -> None:
        self.db = db
        self.engine = engine
        self.embedder_name = embedder_name
        self._withheld = withheld or WithheldChunks()
        self._ahead = ahead
        self._open = OpenIndexes(math.inf)
        self._checking = threading.Lock()
        self._checked_until = -math.inf  # of the monotonic clock
        self._failure: str | None = None

    def check(self) -> None:
        """As of some seconds ago: whoever has a page open asks."""
        with self._checking:
            if time.monotonic() < self._checked_until:
                if self._failure is not None:
                    raise EngineFailed(self._failure)
                return
            try:
                self.engine.check(within_s=_CHECK_S)
                self._failure = None
            except EngineFailed as error:
                self._failure = str(error)
                raise
            finally:
                self._checked_until = time.monotonic() + _CHECKED_S

    def search(
        self, vector: Vectors, k: int, scope: Scope, only: Collection[int] | None = None
    ) -> list[Match]:
        with self.db.read() as session:
            bases = self._look(session, scope.base_ids)
            deny = self._withheld.chunks(session, scope)
        try:
            return self.engine.search(self._stores(bases), vector, k, only, deny)
        except SnapshotError as error:
            log.warning("stores are looked for again: %s", error)
            self._forget()
            return self.engine.search(self._stores(bases), vector, k, only, deny)

    def current(self, base_id: str) -> MilvusStore:
        with self.db.read() as session:
            (base,) = self._look(session, [base_id])
        return self._current(base)

    def save(self) -> None:
        try:
            self.sweep()
        except VectorStoreError as error:  # the next one makes up for it
            log.warning("stores of removed bases stay for now: %s", error)

    def optimise(self) -> None:
        """Brings stores up to date before somebody searches them; Milvus does the rest."""
        with self.db.read() as session:
            mine = select(KnowledgeBase).where(KnowledgeBase.embedder == self.embedder_name)
            bases = session.exec(mine).all()
        saved = self.engine.saved()
        for base in bases:
            entry = saved.get(store_name(base))
            if base.sequence > (entry.sequence if entry else 0):
                with suppress(NotFound):  # removed meanwhile
                    self._current(base)

    def sweep(self) -> int:
        found = self.engine.saved()  # before the bases: one that is created meanwhile stays
        self._close_others({entry.key for entry in found.values()})
        with self.db.read() as session:
            kept = {store_name(base) for base in session.exec(select(KnowledgeBase))}
            kept |= {next_name(work) for work in session.exec(select(Reembedding))}
        gone = found.keys() - kept
        for name in gone:
            self.engine.drop(name)
        return len(gone)

    def differences(self, base_id: str, *, repair: bool) -> int:
        for _ in range(2):  # the second time where it was changed meanwhile
            ids = self.current(base_id).ids()
            with self.db.read() as session:
                if ids == searched_ids(session, base_id):
                    return 0
        # It seems to differ: compared exactly, while searches wait where they need it changed.
        with self.db.read() as session:
            seen = stored_base(session, base_id)
        with self._one_thread(base_id), self._alone(seen) as (session, base):
            store = bring_store(session, self.engine, base)
            differing = len(store.ids() ^ searched_ids(session, base_id))
            if differing and repair:
                mend(session, base, store)
            return differing

    def _stores(self, bases: Sequence[KnowledgeBase]) -> list[MilvusStore]:
        """Of those that ever had content."""
        return [self._current(base) for base in bases if base.sequence]

    def _current(self, base: KnowledgeBase) -> MilvusStore:
        known = self._known(base)
        if known is not None:
            return known
        with self._one_thread(base.id):
            return self._known(base) or self._brought(base)

    def _known(self, base: KnowledgeBase) -> MilvusStore | None:
        store = cast("MilvusStore | None", self._open.use(base.id, base.generation))
        return store if store is not None and store.sequence >= base.sequence else None

    def _brought(self, seen: KnowledgeBase) -> MilvusStore:
        """With the base's lock held. Raises SnapshotError where another engine is in charge by now:
        this process has not noticed, and a new store would stay for nothing."""
        is_first = self._open.get(seen.id) is None
        with self._alone(seen) as (session, base):
            if not self._ahead and not is_in_charge(session, MILVUS):
                raise SnapshotError("the vectors were moved to another engine")
            store = bring_store(session, self.engine, base)
            if is_first and not has_all(session, base, store):
                log.warning("the store of base %s differs from it, and is mended", base.name)
                mend(session, base, store)
            self._open.put(base.id, OpenIndex(base.generation, store, store.sequence))
            return store

    @contextmanager
    def _one_thread(self, base_id: str) -> Iterator[None]:
        """One thread at a time waits for other processes. Raises StoreBusy."""
        lock = self._open.lock(base_id)
        if not lock.acquire(timeout=WAIT_S):
            raise StoreBusy(f"the store of base {base_id} is being brought up to date")
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _alone(self, seen: KnowledgeBase) -> Iterator[tuple[Session, KnowledgeBase]]:
        """Nobody else changes the base's store; the base as it is by then. That of the generation
        after it is another store, which may be filled meanwhile."""
        name = ""
        while name != store_name(seen):
            name = store_name(seen)
            with alone_with(self.db, name) as session:
                seen = stored_base(session, seen.id)
                if store_name(seen) == name:
                    yield session, seen

    def _close_others(self, keys: set[str]) -> None:
        """Stores that were replaced while nobody searched here."""
        for base_id in self._open.base_ids():
            index = self._open.get(base_id)
            if index is not None and cast("MilvusStore", index.store).key not in keys:
                self._open.close([base_id])

    def _forget(self) -> None:
        self.engine.forget()
        self._open.close(self._open.base_ids())

    def _look(self, session: Session, ids: Sequence[str]) -> list[KnowledgeBase]:
        return asked_bases(bases_by_id(session, ids), ids, self.embedder_name)
