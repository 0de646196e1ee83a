"""Vectors beside the chunks, by generation of their base."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import ColumnElement, and_, insert, or_
from sqlmodel import Session, col, select

from app.db.tables import NOWHERE, ChunkVector, KnowledgeBase, StoredChunk, StoredDocument
from ingest.embedding.embedder import Vectors


def add_vectors(session: Session, generation: int, ids: Sequence[int], vectors: Vectors) -> None:
    """Keep the rows `(len(ids), dim)` as the chunks' vectors of that generation."""
    if not len(ids):
        return
    rows = [
        {"chunk_id": id_, "generation": generation, "vector": vector.tobytes()}
        for id_, vector in zip(ids, vectors.astype("<f4"), strict=True)
    ]
    session.connection().execute(insert(ChunkVector), rows)


def read_vectors(
    session: Session, base: KnowledgeBase, *, seen: int, after_id: int, limit: int
) -> tuple[list[int], Vectors]:
    """Up to `limit` searched chunks written after sequence `seen`, by id from `after_id` on.

    Their ids, and their vectors `(n, dim)` of the base's generation.
    """
    rows = session.exec(
        select(ChunkVector.chunk_id, ChunkVector.vector)
        .join(StoredChunk, col(StoredChunk.id) == col(ChunkVector.chunk_id))
        .where(
            is_searched(base.id),
            col(StoredChunk.sequence) > seen,
            col(StoredChunk.id) > after_id,
            ChunkVector.generation == base.generation,
        )
        .order_by(col(StoredChunk.id))
        .limit(limit)
    ).all()
    matrix = np.frombuffer(b"".join(vector for _, vector in rows), dtype="<f4")
    return [id_ for id_, _ in rows], matrix.reshape(len(rows), base.dim)


def is_searched(base_id: str) -> ColumnElement[bool]:
    """The base's chunks without those of superseded versions and of removed documents."""
    others = select(StoredDocument.id).where(
        col(StoredDocument.base_id).in_((NOWHERE, base_id)),
        or_(col(StoredDocument.base_id) == NOWHERE, col(StoredDocument.state) == "superseded"),
    )
    return and_(col(StoredChunk.base_id) == base_id, col(StoredChunk.document_id).not_in(others))


def searched_ids(session: Session, base_id: str) -> set[int]:
    """Ids of all chunks that the base's indexes must have."""
    found = session.exec(select(StoredChunk.id).where(is_searched(base_id)))
    return {id_ for id_ in found if id_ is not None}
