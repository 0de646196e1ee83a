"""Bring a vector store to the state of its base in the database."""

from sqlmodel import Session, col, select

from app.db.tables import ChunkTombstone, KnowledgeBase
from app.services.library.vectors import Place, after_sequence, read_vectors, searched_ids
from vectorstore import SnapshotError, VectorStore

_ROWS_PER_READ = 5000  # bounds memory while an index is rebuilt


def catch_up_and_compare(session: Session, base: KnowledgeBase, store: VectorStore) -> None:
    """Bring a store that was just opened to the base's sequence.

    Raises SnapshotError where it never was a state of this base.
    """
    if store.sequence > base.sequence:
        raise SnapshotError("it is ahead of the database")
    catch_up(session, base, store)
    if store.ids() != searched_ids(session, base.id):
        raise SnapshotError("it differs from the database")


def catch_up(session: Session, base: KnowledgeBase, store: VectorStore) -> None:
    """Apply all changes of the base that the store has not seen."""
    seen = store.sequence
    gone = session.exec(
        select(ChunkTombstone.chunk_id).where(
            ChunkTombstone.base_id == base.id, col(ChunkTombstone.sequence) > seen
        )
    ).all()
    store.delete(gone)
    after: Place | None = after_sequence(seen)
    while after is not None:
        ids, vectors, after = read_vectors(session, base, after=after, limit=_ROWS_PER_READ)
        if ids:
            store.upsert(ids, vectors)
    store.sequence = base.sequence
