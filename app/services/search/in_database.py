"""Search where the vectors are tables of the database: `ZHIWEN_VECTORS=pgvector`.

This process holds none, and opens nothing: a search is one statement over the tables of all its
bases. Whoever changes a base changes its table in the same commit (`library/vector_tables.py`).
"""

import logging
from collections.abc import Collection, Mapping, Sequence

from sqlmodel import Session, select

from app.db.engine import Database
from app.db.tables import KnowledgeBase, Reembedding
from app.rag.types import Scope
from app.services.library.bases import lock_base
from app.services.library.catch_up import catch_up
from app.services.library.vector_tables import (
    PGVECTOR,
    bring_table,
    connections_of,
    is_in_charge,
    next_name,
    store_name,
    tables_in,
)
from app.services.library.vectors import searched_ids
from app.services.search.asked_bases import asked_bases, bases_by_id
from app.services.search.withheld import WithheldChunks
from ingest.embedding.embedder import Vectors
from vectorstore import Match, SnapshotError, VectorStore
from vectorstore.pgvector.engine import PgVectorEngine
from vectorstore.pgvector.store import PgVectorStore

log = logging.getLogger(__name__)

_TRIES = 3  # a table that is dropped between two statements was replaced by another one


class DatabaseIndexes:
    """Keeps nothing but the withheld chunks of those who search."""

    engine_name = PGVECTOR
    full = False
    unsaved: Mapping[str, str] = {}

    def __init__(
        self, db: Database, embedder_name: str, *, withheld: WithheldChunks | None = None
    ) -> None:
        self.db = db
        self.embedder_name = embedder_name
        self.engine = PgVectorEngine(connections_of(db))
        self._withheld = withheld or WithheldChunks()

    def check(self) -> None:
        """Nothing can be away that the database isn't."""

    def search(
        self, vector: Vectors, k: int, scope: Scope, only: Collection[int] | None = None
    ) -> list[Match]:
        for left in reversed(range(_TRIES)):
            try:
                found = self._search(vector, k, scope, only)
            except SnapshotError:
                if not left:
                    raise
            else:
                if found is not None:
                    return found
        raise SnapshotError("tables of vectors were replaced again and again")

    def _search(
        self, vector: Vectors, k: int, scope: Scope, only: Collection[int] | None
    ) -> list[Match] | None:
        """None where a table was missing or behind, and is there now."""
        with self.db.read() as session:
            bases = self._look(session, scope.base_ids)
            deny = self._withheld.chunks(session, scope)
            connection = session.connection()
            saved = self.engine.saved(connection, [store_name(base) for base in bases])
            stores, behind = [], []
            for base in bases:
                store, _ = saved.get(store_name(base), (None, ""))
                if base.sequence > (store.sequence if store else 0):
                    behind.append(base)
                elif store is not None:
                    stores.append(store)
            if not behind:
                return self.engine.search(connection, stores, vector, k, only, deny)
        for base in behind:
            self._bring(base.id)
        return None

    def current(self, base_id: str) -> VectorStore:
        with self.db.read() as session:
            (base,) = self._look(session, [base_id])
            found = self.engine.saved(session.connection(), [store_name(base)])
        store, _ = found.get(store_name(base), (None, ""))
        if store is None or store.sequence < base.sequence:
            self._bring(base_id)
            return self.current(base_id)
        return store

    def save(self) -> None:
        self.sweep()

    def optimise(self) -> None:
        self.engine.index_large()

    def sweep(self) -> int:
        found = self.engine.names()  # before the bases: one that is created meanwhile stays
        with self.db.read() as session:
            kept = {store_name(base) for base in session.exec(select(KnowledgeBase))}
            kept |= {next_name(work) for work in session.exec(select(Reembedding))}
        gone = found - kept
        for name in gone:
            self.engine.drop(name)
        return len(gone)

    def differences(self, base_id: str, *, repair: bool) -> int:
        store = self.current(base_id)
        with self.db.read() as session:
            differing = len(store.ids() ^ searched_ids(session, base_id))
        if differing:  # or changed between the two looks
            with self.db.write() as session:
                differing = self._compare_locked(session, base_id, repair=repair)
        return differing

    def _compare_locked(self, session: Session, base_id: str, *, repair: bool) -> int:
        base = lock_base(session, base_id)
        differing = len(_brought(session, base).ids() ^ searched_ids(session, base_id))
        if differing and repair:
            anew = tables_in(session).create(store_name(base), base.dim, base.embedder)
            catch_up(session, base, anew)
            anew.save()
        return differing

    def _bring(self, base_id: str) -> None:
        """Only where an earlier release wrote, or a repair or re-embedding was interrupted."""
        log.warning("the table of base %s lacks changes, and is brought up to date", base_id)
        with self.db.write() as session:
            _brought(session, lock_base(session, base_id))

    def _look(self, session: Session, ids: Sequence[str]) -> list[KnowledgeBase]:
        return asked_bases(bases_by_id(session, ids), ids, self.embedder_name)


def _brought(session: Session, base: KnowledgeBase) -> PgVectorStore:
    """The base's table, with the base locked. Raises SnapshotError where another engine is in
    charge by now: this process has not noticed, and a new table would stay for nothing."""
    store = bring_table(session, base) if is_in_charge(session) else None
    if store is None:
        raise SnapshotError("the vectors were moved to another engine")
    return store
