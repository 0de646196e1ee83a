"""Chunks on their way out: first out of search, in one short commit, then out of the tables.

Removing a chunk's terms from FTS5 costs about a millisecond, so lexical search passes over removed
chunks at once, and the worker removes their terms later, a little at a time.
"""

import time
from collections.abc import Sequence

from sqlalchemy import delete, insert, literal
from sqlmodel import Session, col, select

from app.db import lexical
from app.db.engine import Database
from app.db.tables import ChunkTombstone, ChunkVector, LexicalRemoval, StoredChunk

_PURGE_S = 0.1  # the write lock is held no longer than about this
_PURGE_CHUNKS = 25  # removed between two looks at the clock


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


def purge(db: Database) -> int:
    """Remove terms of withdrawn chunks for a moment; returns how many chunks that were."""
    with db.read() as session:  # which is nearly free, and nearly always all there is to do
        if session.exec(select(LexicalRemoval.chunk_id).limit(1)).first() is None:
            return 0
    removed = 0
    with db.write() as session:
        began = time.monotonic()
        while time.monotonic() - began < _PURGE_S:
            ids = session.exec(select(LexicalRemoval.chunk_id).limit(_PURGE_CHUNKS)).all()
            if not ids:
                break
            lexical.remove(session, ids)
            session.exec(delete(LexicalRemoval).where(col(LexicalRemoval.chunk_id).in_(ids)))
            removed += len(ids)
    return removed
