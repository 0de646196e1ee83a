"""New vectors for a base, beside those that answer, until they are all there; then one commit.

The new generation is written in small commits, so a crash costs one batch at most and the next run
goes on where this one ended. Documents that are read meanwhile get their new vectors before the
base changes over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import ChunkVector, Reembedding, StoredChunk, StoredDocument
from app.services.errors import Conflict
from app.services.library.bases import base_named, lock_base, next_sequence, stored_base
from app.services.library.vector_stores import MILVUS
from app.services.library.vector_tables import PGVECTOR, chosen_engine
from app.services.library.vectors import add_vectors, is_searched
from app.services.search.building import build_store, build_table
from ingest.chunking.chunk import indexed_text
from ingest.embedding.embedder import Embedder

if TYPE_CHECKING:
    from vectorstore.milvus.engine import MilvusEngine

_CHUNKS_AT_ONCE = 128  # one commit
_PURGED_AT_ONCE = 2000

Progress = Callable[[int, int], None]  # chunks done, chunks


@dataclass(frozen=True, slots=True)
class Reembed:
    """`milvus`: where a server is configured."""

    db: Database
    embedder: Embedder
    milvus: "MilvusEngine | None" = None

    def run(self, name: str, on_progress: Progress) -> int:
        """Give the base of that name vectors of `embedder`; returns how many chunks it has.

        Raises NotFound, and Conflict where the base has these vectors already or others have its
        name.
        """
        work = self._begin(name)
        while not self._switch(work):
            self._fill(work, on_progress)
            self._build_beside(work)
        self._purge(work)
        with self.db.read() as session:
            return _count(session, work.base_id)

    def _begin(self, name: str) -> Reembedding:
        """Take up what an earlier run left, or begin anew where it was for another embedder."""
        with self.db.write() as session:
            base = base_named(session, name)
            lock_base(session, base.id)
            if base.embedder == self.embedder.name:
                raise Conflict(f"Knowledge base {name!r} is embedded by {base.embedder!r} already.")
            work = session.get(Reembedding, base.id)
            if work is not None and (work.embedder, work.dim) == self._asked():
                return work
            # Vectors of a run that was given up are another generation, and purged at the end.
            generation = max(base.generation, work.generation if work else 0) + 1
            embedder, dim = self._asked()
            fresh = Reembedding(base_id=base.id, embedder=embedder, dim=dim, generation=generation)
            return session.merge(fresh)

    def _asked(self) -> tuple[str, int]:
        return self.embedder.name, self.embedder.dim

    def _fill(self, work: Reembedding, on_progress: Progress) -> None:
        """Embed what lacks a vector of the new generation, longest texts first."""
        with self.db.read() as session:
            total = _count(session, work.base_id)
            todo = _lacking(session, work)
        done = total - len(todo)
        on_progress(done, total)
        for begin in range(0, len(todo), _CHUNKS_AT_ONCE):
            ids = todo[begin : begin + _CHUNKS_AT_ONCE]
            with self.db.read() as session:
                texts = _texts(session, ids)
            vectors = self.embedder.embed([text for _, text in texts], kind="document")
            with self.db.write() as session:
                present = set(
                    session.exec(select(StoredChunk.id).where(col(StoredChunk.id).in_(ids)))
                )
                kept = [row for row, (id_, _) in enumerate(texts) if id_ in present]
                kept_ids = [texts[row][0] for row in kept]
                add_vectors(session, work.generation, kept_ids, vectors[kept])
            done += len(ids)
            on_progress(done, total)

    def _build_beside(self, work: Reembedding) -> None:
        """Where pgvector or Milvus searches, the new vectors get their table or store before they
        are searched. Without, the switch would fill the table with the base locked, and the first
        search the store."""
        if self.db.dialect == "sqlite":
            return
        with self.db.read() as session:
            base = stored_base(session, work.base_id)
            engine = chosen_engine(session)
        if base.embedder == work.embedder:
            return
        given = {"embedder": work.embedder, "dim": work.dim, "generation": work.generation}
        future = base.model_copy(update=given)

        def lacks_some(session: Session) -> bool:
            return bool(_lacking(session, work))

        if engine == PGVECTOR:
            build_table(self.db, future, unless=lacks_some)
        elif engine == MILVUS and self.milvus is not None:
            build_store(self.db, self.milvus, future, unless=lacks_some)

    def _switch(self, work: Reembedding) -> bool:
        """Make the new vectors the base's, unless one is missing yet."""
        with self.db.write() as session:
            base = lock_base(session, work.base_id)
            if base.embedder == work.embedder:  # by a run that was killed right after
                return True
            if _lacking(session, work):
                return False
            width = func.length(ChunkVector.vector)
            odd = select(func.count()).where(
                ChunkVector.generation == work.generation,
                col(ChunkVector.chunk_id).in_(select(StoredChunk.id).where(is_searched(base.id))),
                width != work.dim * 4,
            )
            if session.exec(odd).one():
                raise Conflict(
                    f"{self.embedder.name!r} gave vectors of another width than its own."
                )
            base.embedder, base.dim, base.generation = work.embedder, work.dim, work.generation
            session.add(base)
            session.flush()
            next_sequence(session, base.id)
            session.exec(delete(Reembedding).where(col(Reembedding.base_id) == base.id))
            return True

    def _purge(self, work: Reembedding) -> None:
        """Remove vectors of other generations, a little at a time."""
        while True:
            with self.db.write() as session:
                base = stored_base(session, work.base_id)
                of_base = select(StoredChunk.id).where(StoredChunk.base_id == base.id)
                ids = session.exec(
                    select(ChunkVector.chunk_id)
                    .where(
                        ChunkVector.generation != base.generation,
                        col(ChunkVector.chunk_id).in_(of_base),
                    )
                    .limit(_PURGED_AT_ONCE)
                ).all()
                if not ids:
                    return
                session.exec(
                    delete(ChunkVector).where(
                        col(ChunkVector.chunk_id).in_(ids),
                        col(ChunkVector.generation) != base.generation,
                    )
                )


def _count(session: Session, base_id: str) -> int:
    return session.exec(select(func.count(col(StoredChunk.id))).where(is_searched(base_id))).one()


def _lacking(session: Session, work: Reembedding) -> list[int]:
    """Ids of searched chunks without a vector of the new generation, longest texts first."""
    having = select(ChunkVector.chunk_id).where(ChunkVector.generation == work.generation)
    found = session.exec(
        select(StoredChunk.id)
        .where(is_searched(work.base_id), col(StoredChunk.id).not_in(having))
        .order_by(func.length(StoredChunk.text).desc(), col(StoredChunk.id))
    )
    return [id_ for id_ in found if id_ is not None]


def _texts(session: Session, ids: list[int]) -> list[tuple[int, str]]:
    """What is embedded of each of these chunks that is still there."""
    rows = session.exec(
        select(StoredChunk.id, StoredChunk.headings, StoredChunk.text, StoredDocument.title)
        .join(StoredDocument, col(StoredDocument.id) == col(StoredChunk.document_id))
        .where(col(StoredChunk.id).in_(ids))
    )
    return [
        (id_ or 0, indexed_text(title, tuple(headings), text))
        for id_, headings, text, title in rows
    ]
