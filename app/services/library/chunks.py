"""A document's chunks in every index: withdrawn from search at once, erased from the tables later.

Erasing a chunk's terms from FTS5 is slow, so lexical search passes over withdrawn chunks, and
`removal.Purge` erases their terms a few at a time.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, insert, literal
from sqlmodel import Session, col, select

from app.db import lexical
from app.db.tables import ChunkTombstone, ChunkVector, LexicalRemoval, StoredChunk


def withdraw(session: Session, base_id: str, document_ids: Sequence[str], sequence: int) -> None:
    """Take the documents' chunks out of the lexical and the vector index; the rows stay.

    `sequence` is the base's number of this change.
    """
    if not document_ids:
        return
    chunks = col(StoredChunk.document_id).in_(document_ids)
    session.exec(
        insert(ChunkTombstone).from_select(
            ["chunk_id", "base_id", "sequence"],
            select(StoredChunk.id, literal(base_id), literal(sequence)).where(chunks),
        )
    )
    lexical.withdraw(session, select(StoredChunk.id).where(chunks))


def delete_chunks(session: Session, document_ids: Sequence[str]) -> None:
    """Delete the rows of chunks that are withdrawn."""
    chunks = col(StoredChunk.document_id).in_(document_ids)
    of_chunks = col(ChunkVector.chunk_id).in_(select(StoredChunk.id).where(chunks))
    session.exec(delete(ChunkVector).where(of_chunks))
    session.exec(delete(StoredChunk).where(chunks))


def erase(session: Session, chunk_ids: Collection[int]) -> None:
    """Delete chunks with their vectors and terms."""
    erase_terms(session, chunk_ids)
    session.exec(delete(ChunkVector).where(col(ChunkVector.chunk_id).in_(chunk_ids)))
    session.exec(delete(StoredChunk).where(col(StoredChunk.id).in_(chunk_ids)))


def erase_terms(session: Session, chunk_ids: Collection[int]) -> None:
    """Delete what the lexical index still holds of these chunks."""
    lexical.remove(session, chunk_ids)
    session.exec(delete(LexicalRemoval).where(col(LexicalRemoval.chunk_id).in_(chunk_ids)))
