"""Bring a vector store to the state of its base in the database."""

from sqlmodel import Session, col, select

from app.db.tables import ChunkTombstone, KnowledgeBase
from app.services.library.vectors import read_vectors, searched_ids
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
