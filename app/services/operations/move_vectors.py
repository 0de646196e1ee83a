"""Move all vectors to another engine while it runs: build beside, compare, switch in one commit.

The database keeps every vector whatever searches them, so nothing can be lost; what is built is a
copy. A run that is killed goes on with the next one: bases that are there are only compared.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import text
from sqlmodel import Session, select

from app.db.engine import Database
from app.db.tables import KnowledgeBase
from app.services.errors import Conflict, NotFound
from app.services.library.bases import lock_base, stored_base
from app.services.library.catch_up import catch_up
from app.services.library.vector_stores import MILVUS, alone_with
from app.services.library.vector_tables import PGVECTOR, connections_of, store_name, tables_in
from app.services.library.vectors import FIRST_PLACE, Place, read_vectors, searched_ids
from app.services.search.building import build_table
from app.services.search.chosen import FIRST, choose
from app.services.search.in_milvus import MilvusIndexes
from app.services.search.indexes import Indexes
from ingest.embedding.embedder import Vectors
from vectorstore import (
    EngineFailed,
    EngineMissing,
    Match,
    SnapshotError,
    VectorEngine,
    VectorStore,
    vector_engine,
)
from vectorstore.exact import ExactStore
from vectorstore.faiss.store import FaissStore
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.store import MilvusStore
from vectorstore.pgvector.engine import PgVectorEngine

log = logging.getLogger(__name__)

Engine = Literal["faiss", "pgvector", "milvus"]
Progress = Callable[[str, str, int, int], None]  # step, name of the base, bases done, bases

LOCK = 0x6D6F7665  # "move", key of an advisory lock
_POLL_S = 0.02
_QUERIES = 20
_NEAREST = 10
_LEAST_RECALL = 0.95  # of what is compared in one base; the engines measure .98 and above
_TRIES = 3  # to compare a base that is changed meanwhile
_ROWS_AT_ONCE = 5000
_ROUNDING = 1e-3  # FAISS and pgvector keep float16


@dataclass(frozen=True, slots=True)
class Moved:
    """`recall`: share of the exact ten nearest that the new engine found, over all samples; 1 where
    there was nothing to compare."""

    bases: int
    vectors: int
    recall: float


@dataclass(frozen=True, slots=True)
class VectorMove:
    """`folder` is that of FAISS's indexes, `milvus` None where no server is configured. `wait_s`:
    for another move to end, since PostgreSQL notices some moments late that one was killed."""

    db: Database
    folder: Path
    milvus: MilvusEngine | None = None
    wait_s: float = 2.0

    def run(self, to: Engine, on_progress: Progress) -> Moved:
        """Raises Conflict where it cannot be done or another one is at it, EngineMissing where the
        engine is not there, EngineFailed where its server is away, SnapshotError where the copy
        differs, and NotOptimised where it would stay slow; then nothing is switched."""
        if self.db.dialect == "sqlite":
            raise Conflict(
                "Vectors move between engines in a database on PostgreSQL. With SQLite they are "
                "always FAISS's."
            )
        with self._alone():
            moved = self._fill(to, on_progress)
            on_progress("switch", "", moved.bases, moved.bases)
            with self.db.write() as session:
                choose(session, to)
            on_progress("clean up", "", moved.bases, moved.bases)
            for other in get_args(Engine):
                if other != to:
                    self._clear(other)
            return moved

    def _fill(self, to: Engine, on_progress: Progress) -> Moved:
        engine = self._engine(to)
        with self.db.read() as session:
            bases = session.exec(select(KnowledgeBase).order_by(KnowledgeBase.name)).all()
        vectors = found = asked = 0
        for done, base in enumerate(bases):
            on_progress("build", base.name, done, len(bases))
            try:
                store = self._built(to, engine, base)
                on_progress("compare", base.name, done, len(bases))
                count, hits, of = self._compare(base.id, store)
            except NotFound:  # removed meanwhile
                continue
            vectors, found, asked = vectors + count, found + hits, asked + of
        return Moved(len(bases), vectors, found / asked if asked else 1.0)

    def _built(self, to: Engine, engine: VectorEngine, base: KnowledgeBase) -> VectorStore:
        if to == PGVECTOR:
            build_table(self.db, base)
            return engine.open(store_name(base), base.dim, base.embedder)
        if isinstance(engine, MilvusEngine):
            return MilvusIndexes(self.db, engine, base.embedder, ahead=True).current(base.id)
        indexes = Indexes(self.db, engine, base.embedder)
        store = indexes.current(base.id)
        store.optimise()
        store.save()
        return store

    def _compare(
        self, base_id: str, store: VectorStore, *, tries: int = _TRIES
    ) -> tuple[int, int, int]:
        """Vectors, and how many of the exact nearest were found of how many. Nobody waits for it,
        so where Milvus searches already, it begins again after a change. Raises SnapshotError."""
        with ExitStack() as stack:
            with ExitStack() as meanwhile:
                if isinstance(store, MilvusStore):
                    meanwhile.enter_context(alone_with(self.db, store.entry.name))
                session = stack.enter_context(self.db.read())
                base = stored_base(session, base_id)
                store = _as_seen_by(session, base, store)
            wanted = searched_ids(session, base_id)
            if differing := len(wanted ^ store.ids()):
                if tries > 1 and isinstance(store, MilvusStore) and self._moved_on(base):
                    return self._compare(base_id, store, tries=tries - 1)
                raise SnapshotError(
                    f"base {base.name}: {differing} vectors differ, so nothing was switched. "
                    "Delete the copy by moving to the engine in charge, then try again"
                )
            hits, of = _sample(session, base, store)
        if hits < _LEAST_RECALL * of:
            raise SnapshotError(
                f"base {base.name}: searches find {hits} of the {of} nearest vectors"
            )
        return len(wanted), hits, of

    def _moved_on(self, base: KnowledgeBase) -> bool:
        with self.db.read() as session:
            return stored_base(session, base.id).sequence != base.sequence

    def _clear(self, name: str) -> None:
        if name == MILVUS:
            self._clear_milvus()
            return
        engine = self._engine(name)
        if not isinstance(engine, PgVectorEngine):
            for each in engine.names():
                engine.drop(each)
            return
        with self.db.read() as session:
            base_ids = session.exec(select(KnowledgeBase.id)).all()
        for base_id in base_ids:  # locked: whoever writes has seen the table, and needs it
            with self.db.write() as session, suppress(NotFound):
                tables_in(session).drop(store_name(lock_base(session, base_id)))
        engine.clear()

    def _clear_milvus(self) -> None:
        try:
            if self.milvus is not None:
                self.milvus.clear()
        except (EngineFailed, EngineMissing) as error:  # moving off a server that died must work
            log.warning("what Milvus may have of this installation stays there: %s", error)

    def _engine(self, name: str) -> VectorEngine:
        if name == MILVUS:
            if self.milvus is None:
                raise EngineMissing("milvus needs ZHIWEN_MILVUS_URL=http://HOST:19530")
            return self.milvus
        if name == FIRST:
            return vector_engine(FIRST, self.folder)
        return vector_engine(PGVECTOR, connections=connections_of(self.db))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self.db.autocommit() as connection:
            key = {"key": LOCK}
            give_up_at = time.monotonic() + self.wait_s
            while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
                if time.monotonic() > give_up_at:
                    raise Conflict("Vectors are being moved already.")
                time.sleep(_POLL_S)
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


def _as_seen_by(session: Session, base: KnowledgeBase, store: VectorStore) -> VectorStore:
    """The store at the session's moment: a table is read by the session, a copy catches up."""
    if isinstance(store, FaissStore | MilvusStore):
        catch_up(session, base, store)
        return store
    return tables_in(session).open(store_name(base), base.dim, base.embedder)


def _sample(session: Session, base: KnowledgeBase, store: VectorStore) -> tuple[int, int]:
    """How many of the exact nearest of some of the base's own vectors the store finds, of how
    many."""
    queries: Vectors | None = None
    nearest: list[list[Match]] = [[] for _ in range(_QUERIES)]
    after: Place | None = FIRST_PLACE
    while after is not None:
        ids, rows, after = read_vectors(session, base, after=after, limit=_ROWS_AT_ONCE)
        if not ids:
            continue
        if queries is None:
            queries = rows[:: max(1, len(rows) // _QUERIES)][:_QUERIES]
        exact = ExactStore(base.dim)
        exact.upsert(ids, rows)
        for row, found in enumerate(exact.search(queries, _NEAREST)):
            nearest[row] = sorted(nearest[row] + found, key=lambda m: (-m.score, m.id))[:_NEAREST]
    if queries is None:
        return 0, 0
    hits = sum(
        _hits(wanted, store.search(row[None], _NEAREST)[0])
        for wanted, row in zip(nearest, queries, strict=False)
    )
    return hits, sum(map(len, nearest[: len(queries)]))


def _hits(wanted: list[Match], found: list[Match]) -> int:
    """As many as are as near as those wanted: of vectors that are alike, any will do."""
    least = wanted[-1].score - _ROUNDING
    return sum(match.score >= least for match in found)
