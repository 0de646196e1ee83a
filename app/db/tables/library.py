"""Knowledge bases and their documents."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, new_id, utc_now

NOWHERE = ""  # base id of removed documents; no base has this id


class KnowledgeBase(SQLModel, table=True):
    """A name is unique among the bases of its owner."""

    __tablename__ = "knowledge_base"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    owner_id: str = Field(foreign_key="person.id")
    name: str = Field(max_length=120)
    description: str = ""
    embedder: str
    dim: int
    # The generation of vectors that is searched; re-embedding writes the next one beside it.
    generation: int = 0
    # Counts changes of the searchable content; chunks and tombstones record the value at their
    # change, so that an index knows what it has not seen yet.
    sequence: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    # Only of a base that holds the files attached to one conversation; no list of bases has it.
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class RemovedBase(SQLModel, table=True):
    """A removed base whose documents are still being deleted."""

    __tablename__ = "removed_base"

    id: str = Field(primary_key=True)


class StoredDocument(SQLModel, table=True):
    """One version of a file in a knowledge base. It becomes `ready` in the same commit as its
    chunks. That commit makes the previous version `superseded`: not searched any more, but kept
    for the answers that cite it."""

    __tablename__ = "document"
    __table_args__ = (
        Index("ix_document_base_id_path", "base_id", "path"),
        Index("ix_document_base_id_sha256", "base_id", "sha256"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    # No foreign key: a removed base is deleted at once, its documents in small steps afterwards.
    base_id: str = Field(index=True)
    name: str
    # Relative path in its folder, the first in `document_path`; a file with the same path is a new
    # version.
    path: str
    series_id: str = Field(index=True)  # the same for all versions
    version: int = 1  # within its series
    media_type: str
    size_bytes: int = Field(sa_type=BigInteger)
    sha256: str = Field(index=True)
    state: str = "queued"  # queued, parsing, embedding, ready, failed, superseded
    error_code: str | None = None
    error_detail: str | None = None
    title: str = ""
    page_count: int | None = None
    chunk_count: int = 0
    # What its reader left out, as [code, count, detail]: `ingest.types.Notice`.
    notices: list[list[Any]] = Field(default_factory=list, sa_type=JSON)
    # By which it was read, and the newest by which reading it was tried: `ingest.recipe`.
    recipe: int = 0
    recipe_tried: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class DocumentPath(SQLModel, table=True):
    """A path at which a document's content lies: its `path`, and those of its copies."""

    __tablename__ = "document_path"
    __table_args__ = (Index("ix_document_path_base_id_path", "base_id", "path"),)

    document_id: str = Field(primary_key=True, foreign_key="document.id", ondelete="CASCADE")
    path: str = Field(primary_key=True)
    base_id: str
    sent_at_us: int = Field(sa_type=BigInteger)  # latest upload, in microseconds since 1970


class DocumentText(SQLModel, table=True):
    """The parsed text that all spans refer to, in its own table to keep lists fast."""

    __tablename__ = "document_text"

    document_id: str = Field(primary_key=True, foreign_key="document.id", ondelete="CASCADE")
    text: str = Field(sa_type=Text)
    pages: list[list[int]] = Field(sa_type=JSON)  # [page, start, end]


class DocumentTable(SQLModel, table=True):
    """A table of a document's text; `content` is that of `ingest.tables.wire`."""

    __tablename__ = "document_table"

    document_id: str = Field(primary_key=True, foreign_key="document.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)  # in the document, from 0
    start: int  # of the text
    end: int
    content: dict[str, Any] = Field(sa_type=JSON)


class DocumentPage(SQLModel, table=True):
    """A page of a document: its size as it is shown, and where the characters `[start, end)` of the
    text stand on it. `runs` is what `ingest.runs.pack` makes."""

    __tablename__ = "document_page"

    document_id: str = Field(primary_key=True, foreign_key="document.id", ondelete="CASCADE")
    page: int = Field(primary_key=True)  # counted from 1
    width: float
    height: float
    start: int
    end: int
    runs: bytes = Field(sa_type=LargeBinary)
