"""All tables. Times are UTC with a zone; ids of rows are random hex unless said otherwise."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def new_id() -> str:
    """96 random bits, 24 hexadecimal digits."""
    return secrets.token_hex(12)


def utc_now() -> datetime:
    return datetime.now(UTC)


def microseconds(time: datetime) -> int:
    """Since 1970."""
    return (time - _EPOCH) // _MICROSECOND


class UtcDateTime(TypeDecorator[datetime]):
    """SQLite drops the zone; put UTC back on reading, refuse naive times on writing."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("times need a zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# The same names on both databases, so that migrations can speak of them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

AutoId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers INTEGER keys only


class KnowledgeBase(SQLModel, table=True):
    __tablename__ = "knowledge_base"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=120)
    description: str = ""
    embedder: str
    dim: int
    # Which vectors of its chunks are searched. Re-embedding writes the next generation beside it.
    generation: int = 0
    # Counts every change of the searchable content; chunks and tombstones carry the value they
    # were written at, so that an index knows what it has not seen.
    sequence: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StoredDocument(SQLModel, table=True):
    """One version of a file in a knowledge base. `state` is `ready` only with its chunks, in one
    commit; that commit makes the version before `superseded`: out of search, and still there for
    the answers that cite it."""

    __tablename__ = "document"
    __table_args__ = (
        Index("ix_document_base_id_path", "base_id", "path"),
        Index("ix_document_base_id_sha256", "base_id", "sha256"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    base_id: str = Field(foreign_key="knowledge_base.id", index=True, ondelete="CASCADE")
    name: str
    path: str  # where it lies in its folder; what comes with the same path is a new version
    # Other paths of the same bytes, each with when they were sent there, in microseconds.
    also_at: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
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
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)

    @property
    def sent(self) -> dict[str, int]:
        """Every path at which these bytes are known, with when they were sent there last."""
        return {**self.also_at, self.path: microseconds(self.created_at)}

    @sent.setter
    def sent(self, paths: dict[str, int]) -> None:
        """At least one path. The present one stays the first as long as it is among them."""
        first = self.path if self.path in paths else min(paths)
        self.path, self.name = first, first.rpartition("/")[2]
        self.created_at = _EPOCH + paths[first] * _MICROSECOND
        self.also_at = {path: at for path, at in paths.items() if path != first}


class DocumentText(SQLModel, table=True):
    """The parsed text that all spans point into, kept apart so that lists stay light."""

    __tablename__ = "document_text"

    document_id: str = Field(primary_key=True, foreign_key="document.id", ondelete="CASCADE")
    text: str = Field(sa_type=Text)
    pages: list[list[int]] = Field(sa_type=JSON)  # [page, start, end]


class Job(SQLModel, table=True):
    """One ingestion of one document. A claim is a lease: it runs out when its worker dies."""

    __tablename__ = "job"

    id: str = Field(default_factory=new_id, primary_key=True)
    document_id: str = Field(foreign_key="document.id", index=True, ondelete="CASCADE")
    state: str = Field(default="queued", index=True)  # queued, running, done, failed
    stage: str = "queued"
    done: int = 0  # pages or chunks of the present stage
    total: int = 0
    attempts: int = 0
    worker: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StoredChunk(SQLModel, table=True):
    """A chunk. Written once, never changed; its id is never given again."""

    __tablename__ = "chunk"
    __table_args__ = (
        Index("ix_chunk_document_id_ordinal", "document_id", "ordinal"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=AutoId)
    document_id: str = Field(foreign_key="document.id", ondelete="CASCADE")
    base_id: str = Field(index=True)
    sequence: int = Field(index=True)
    ordinal: int
    text: str = Field(sa_type=Text)
    start: int
    end: int
    page: int | None = None
    locator: str | None = None  # e.g. `sheet 薪资, rows 8–20`
    # [start, end, page, locator] of each place it goes over; empty where it stands in one
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
    """A chunk that lexical search passes over already and whose terms are still to be removed."""

    __tablename__ = "lexical_removal"

    chunk_id: int = Field(primary_key=True, sa_type=AutoId)


class Reembedding(SQLModel, table=True):
    """A base that is getting vectors of another embedder."""

    __tablename__ = "reembedding"

    base_id: str = Field(primary_key=True, foreign_key="knowledge_base.id", ondelete="CASCADE")
    embedder: str
    dim: int
    generation: int
    started_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class ChunkTombstone(SQLModel, table=True):
    """A chunk that is gone, for indexes that still hold it."""

    __tablename__ = "chunk_tombstone"

    chunk_id: int = Field(primary_key=True, sa_type=AutoId)
    base_id: str = Field(index=True)
    sequence: int = Field(index=True)


class Conversation(SQLModel, table=True):
    __tablename__ = "conversation"

    id: str = Field(default_factory=new_id, primary_key=True)
    title: str = ""
    base_ids: list[str] = Field(sa_type=JSON)
    model: str | None = None  # an engine's name or `auto`; None until one was chosen
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)


class StoredMessage(SQLModel, table=True):
    """A question or an answer. Answers keep all that is needed to show, rate and export them."""

    __tablename__ = "message"

    id: str = Field(default_factory=new_id, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True, ondelete="CASCADE")
    position: int  # order in the conversation; a regenerated answer takes the place's next variant
    variant: int = 0
    role: str  # user, assistant
    state: str = "complete"  # streaming, complete, stopped, interrupted, failed
    content: str = Field(default="", sa_type=Text)
    base_ids: list[str] = Field(default_factory=list, sa_type=JSON)
    model: str | None = None
    adapter: str | None = None
    # Which engine wrote it, why that one, and which did not answer.
    served: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    finish_reason: str | None = None
    error_detail: str | None = None
    raw_output: str = Field(
        default="", sa_type=Text
    )  # what the model wrote, before citations were mended
    prompt: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # messages as served
    passages: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    citations: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    confidence: float | None = None  # of an answer: 0 to 1 that the sources hold one
    unsupported: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    conflicts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    timings_ms: dict[str, float] = Field(default_factory=dict, sa_type=JSON)
    task: str = "qa"  # qa, chat, translate, summarise
    recipe: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # what it was made with
    answer_key: str | None = Field(default=None, index=True)  # under which it can be given again
    cached_from: str | None = None  # the answer that was given again
    trace_id: str = ""  # of the request that asked for the answer
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StoredFeedback(SQLModel, table=True):
    """What a person thinks of one answer; it can be changed later."""

    __tablename__ = "feedback"

    message_id: str = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE")
    rating: str = Field(index=True)  # up, down
    reason: str | None = None  # wrong, not_in_sources, source_missing, out_of_date, badly_written
    comment: str = Field(default="", sa_type=Text)
    correction: str = Field(default="", sa_type=Text)
    right_chunk_id: int | None = Field(default=None, sa_type=BigInteger)
    trace_id: str = ""  # of the answer, so that a bad one can be looked up in traces and logs
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class EvalQuestion(SQLModel, table=True):
    """A question to a knowledge base with what is expected: sources, an answer, or both."""

    __tablename__ = "eval_question"
    __table_args__ = (UniqueConstraint("base_id", "message_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    base_id: str = Field(foreign_key="knowledge_base.id", index=True, ondelete="CASCADE")
    question: str = Field(sa_type=Text)
    document_ids: list[str] = Field(default_factory=list, sa_type=JSON)  # any of them is right
    source_text: str = Field(default="", sa_type=Text)  # the right place in it; outlives chunkings
    answer: str = Field(default="", sa_type=Text)
    origin: str = "manual"  # manual, rating, correction
    message_id: str | None = None  # the rated answer that it was taken from
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Heartbeat(SQLModel, table=True):
    """When each process last said that it is alive."""

    __tablename__ = "heartbeat"

    process: str = Field(primary_key=True)
    state: str = "idle"
    seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
