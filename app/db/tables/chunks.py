"""Chunks, their vectors, and what the indexes need to know of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from app.db.tables.columns import AutoId, UtcDateTime, utc_now


class StoredChunk(SQLModel, table=True):
    """A chunk. Immutable; its id is never reused."""

    __tablename__ = "chunk"
    __table_args__ = (
        Index("ix_chunk_document_id_ordinal", "document_id", "ordinal"),
        Index("ix_chunk_base_id_sequence_id", "base_id", "sequence", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=AutoId)
    document_id: str = Field(foreign_key="document.id", ondelete="CASCADE")
    base_id: str
    sequence: int
    ordinal: int
    text: str = Field(sa_type=Text)
    start: int
    end: int
    page: int | None = None
    locator: str | None = None  # e.g. `sheet 薪资, rows 8–20`
    # [start, end, page, locator] of each place it spans; empty if only one
    stretches: list[list[Any]] = Field(default_factory=list, sa_type=JSON)
    headings: list[str] = Field(sa_type=JSON)


class ChunkVector(SQLModel, table=True):
    """A chunk's vector (float32, little-endian) in one generation of its base."""

    __tablename__ = "chunk_vector"

    chunk_id: int = Field(
        primary_key=True, foreign_key="chunk.id", ondelete="CASCADE", sa_type=AutoId
    )
    generation: int = Field(primary_key=True)
    vector: bytes = Field(sa_type=LargeBinary)


class ChunkTombstone(SQLModel, table=True):
    """A deleted chunk, for indexes that still contain it."""

    __tablename__ = "chunk_tombstone"
    __table_args__ = (Index("ix_chunk_tombstone_base_id_sequence", "base_id", "sequence"),)

    chunk_id: int = Field(primary_key=True, sa_type=AutoId)
    base_id: str
    sequence: int


class Reembedding(SQLModel, table=True):
    """A base that is being re-embedded."""

    __tablename__ = "reembedding"

    base_id: str = Field(primary_key=True, foreign_key="knowledge_base.id", ondelete="CASCADE")
    embedder: str
    dim: int
    generation: int
    started_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class LexicalBase(SQLModel, table=True):
    """What lexical search counts of a base. `number` stands before each of its terms in the index;
    it is never given to another base."""

    __tablename__ = "lexical_base"
    __table_args__ = {"sqlite_autoincrement": True}

    number: int = Field(default=None, primary_key=True, sa_type=AutoId)
    base_id: str = Field(unique=True)
    chunks: int = 0
    terms: int = Field(default=0, sa_type=BigInteger)  # of all chunks, repetitions included
    changes: int = 0  # how often chunks came or went


class LexicalRemoval(SQLModel, table=True):
    """A chunk excluded from lexical search whose terms have yet to be removed."""

    __tablename__ = "lexical_removal"

    chunk_id: int = Field(primary_key=True, sa_type=AutoId)
