"""A document that is read again and has the same chunks as before keeps them and their vectors."""

from dataclasses import astuple
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import ChunkVector, DocumentText, StoredChunk, StoredDocument
from app.services.errors import NotFound
from app.services.ingestion.embedding import Reading
from app.services.ingestion.parsed import store_document
from app.services.jobs.queue import claimed_job
from app.services.library.bases import stored_base


def keep_chunks(db: Database, reading: Reading) -> bool:
    """Where the reading changes no chunk, store the rest of it and end the job. Whether that was
    so. Raises NotFound where the claim was lost."""
    if reading.stored.state != "ready":
        return False
    with db.read() as session:
        if not _is_unchanged(session, reading):
            return False
    with db.write() as session:
        job = claimed_job(session, reading.claim)
        stored = session.get(StoredDocument, reading.stored.id)
        if job is None or stored is None:
            raise NotFound("claimed job", reading.claim.job_id)
        if stored.state != "ready" or not _has_vectors(session, stored, len(reading.chunks)):
            return False
        store_document(session, stored, reading.document)
        job.state, job.stage, job.updated_at = "done", "ready", stored.updated_at
        session.add(job)
        return True


def _is_unchanged(session: Session, reading: Reading) -> bool:
    text = session.get(DocumentText, reading.stored.id)
    if text is None or text.text != reading.document.text:
        return False
    return reading.stored.title == reading.document.title and _stored_chunks(session, reading) == [
        [
            chunk.start,
            chunk.end,
            chunk.page,
            chunk.locator,
            list(chunk.headings),
            [list(astuple(stretch)) for stretch in chunk.stretches],
        ]
        for chunk in reading.chunks
    ]


def _stored_chunks(session: Session, reading: Reading) -> list[list[Any]]:
    rows = session.exec(
        select(StoredChunk)
        .where(StoredChunk.document_id == reading.stored.id)
        .order_by(col(StoredChunk.ordinal))
    )
    return [[c.start, c.end, c.page, c.locator, c.headings, c.stretches] for c in rows]


def _has_vectors(session: Session, stored: StoredDocument, count: int) -> bool:
    """Whether each of its chunks has a vector that is searched."""
    base = stored_base(session, stored.base_id)
    chunks = select(StoredChunk.id).where(StoredChunk.document_id == stored.id)
    vectors = select(func.count()).where(
        ChunkVector.generation == base.generation, col(ChunkVector.chunk_id).in_(chunks)
    )
    return session.exec(vectors).one() == count
