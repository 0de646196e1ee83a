"""Vectors beside the chunks, by generation of their base."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import ColumnElement, and_, insert, or_, tuple_
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


Place = tuple[int, int]  # of a chunk among those of its base: sequence, id
_LAST_ID = 2**63 - 1


def after_sequence(seen: int) -> Place:
    """The place behind all chunks that were written up to that sequence."""
    return seen, _LAST_ID


FIRST_PLACE: Place = (0, 0)


def read_vectors(
    session: Session, base: KnowledgeBase, *, after: Place, limit: int
) -> tuple[list[int], Vectors, Place | None]:
    """Of up to `limit` searched chunks behind a place, in the order in which they were written,
    those that have a vector of the base's generation.

    Their ids, their vectors `(n, dim)`, and the place to go on from; None behind the last one.
    """
    place = tuple_(col(StoredChunk.sequence), col(StoredChunk.id))
    # The chunks first, by their index: joined before the limit, all of a base would be sorted.
    page = (
        select(StoredChunk.sequence, StoredChunk.id)
        .where(is_searched(base.id), place > tuple_(*after))
        .order_by(col(StoredChunk.sequence), col(StoredChunk.id))
        .limit(limit)
        .subquery()
    )
    of_generation = and_(
        col(ChunkVector.chunk_id) == page.c.id, col(ChunkVector.generation) == base.generation
    )
    rows = session.exec(
        select(page.c.sequence, page.c.id, ChunkVector.vector)
        .join_from(page, ChunkVector, of_generation, isouter=True)
        .order_by(page.c.sequence, page.c.id)
    ).all()
    found = [(id_, vector) for _, id_, vector in rows if vector is not None]
    matrix = np.frombuffer(b"".join(vector for _, vector in found), dtype="<f4")
    last = (rows[-1][0], rows[-1][1]) if rows else None
    return [id_ for id_, _ in found], matrix.reshape(len(found), base.dim), last


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
