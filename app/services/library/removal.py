"""Documents and bases are deleted in one commit each; the bytes they had are dropped afterwards."""

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.db import lexical
from app.db.tables import ChunkTombstone, ChunkVector, StoredChunk, StoredDocument
from app.services.errors import NotFound
from app.services.library.bases import lock_base, next_sequence
from app.services.library.chunks import delete_chunks, withdraw
from app.services.library.versions import all_versions


def delete_document(session: Session, document_id: str) -> list[str]:
    """Delete the document, and with the version that answers all others; the SHA-256 of each."""
    document = session.get(StoredDocument, document_id)
    if document is None:
        raise NotFound("document", document_id)
    lock_base(session, document.base_id)
    session.refresh(document)
    gone = all_versions(session, document) if document.state == "ready" else [document]
    searched = [each.id for each in gone if each.state != "superseded"]
    if searched:
        sequence = next_sequence(session, document.base_id)
        withdraw(session, document.base_id, searched, sequence)
    delete_chunks(session, [each.id for each in gone])
    for each in gone:
        session.delete(each)
    return [each.sha256 for each in gone]


def delete_base(session: Session, base_id: str) -> list[str]:
    """Delete the base with everything in it; the SHA-256 of each document."""
    base = lock_base(session, base_id)
    sums = session.exec(
        select(StoredDocument.sha256).where(StoredDocument.base_id == base_id)
    ).all()
    chunk_ids = select(StoredChunk.id).where(StoredChunk.base_id == base_id)
    lexical.withdraw(session, chunk_ids)
    session.exec(delete(ChunkVector).where(col(ChunkVector.chunk_id).in_(chunk_ids)))
    session.exec(delete(StoredChunk).where(col(StoredChunk.base_id) == base_id))
    session.exec(delete(ChunkTombstone).where(col(ChunkTombstone.base_id) == base_id))
    session.delete(base)
    return list(sums)
