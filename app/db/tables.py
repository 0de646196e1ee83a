"""All tables. Times are UTC with time zone; row ids are random hex unless stated otherwise."""

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
    """Microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


class UtcDateTime(TypeDecorator[datetime]):
    """SQLite drops the time zone: restores UTC on reading, rejects naive times on writing."""

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


# Same names on both databases, so that migrations can refer to them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

NOWHERE = ""  # base id of removed documents; no base has this id

AutoId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers INTEGER keys only


class KnowledgeBase(SQLModel, table=True):
    __tablename__ = "knowledge_base"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=120)
    description: str = ""
    embedder: str
    dim: int
    # The generation of vectors that is searched; re-embedding writes the next one beside it.
    generation: int = 0
    # Counts changes of the searchable content; chunks and tombstones record the value at their
    # change, so that an index knows what it has not seen yet.
    sequence: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


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
    path: str  # relative path in its folder; a file with the same path is a new version
    # Other paths with the same content, each with its upload time in microseconds.
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
    # What its reader left out, as [code, count, detail]: `ingest.types.Notice`.
    notices: list[list[Any]] = Field(default_factory=list, sa_type=JSON)
    # By which it was read, and the newest by which reading it was tried: `ingest.recipe`.
    recipe: int = 0
    recipe_tried: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)

    @property
    def sent(self) -> dict[str, int]:
        """All paths with this content, and their latest upload times."""
        return {**self.also_at, self.path: microseconds(self.created_at)}

    @sent.setter
    def sent(self, paths: dict[str, int]) -> None:
        """Sets at least one path. The current path stays first if it is among them."""
        first = self.path if self.path in paths else min(paths)
        self.path, self.name = first, first.rpartition("/")[2]
        self.created_at = _EPOCH + paths[first] * _MICROSECOND
        self.also_at = {path: at for path, at in paths.items() if path != first}


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


class Job(SQLModel, table=True):
    """One piece of long work. A claim is a lease: it runs out when its worker dies."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_kind_state_created_at", "kind", "state", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str = "ingest"  # ingest, evaluate
    # What it ingests, or the base that it evaluates; without either there is nothing to do.
    document_id: str | None = Field(
        default=None, foreign_key="document.id", index=True, ondelete="CASCADE"
    )
    base_id: str | None = Field(
        default=None, foreign_key="knowledge_base.id", index=True, ondelete="CASCADE"
    )
    request: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # what was asked, by kind
    priority: int = 0  # those with a higher number wait until no other is left
    state: str = "queued"  # queued, running, done, failed, cancelled
    stage: str = "queued"
    done: int = 0  # pages, chunks or questions of the present stage
    total: int = 0
    attempts: int = 0
    worker: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error_code: str | None = None
    error_detail: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StoredChunk(SQLModel, table=True):
    """A chunk. Immutable; its id is never reused."""

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


class RemovedBase(SQLModel, table=True):
    """A removed base whose documents are still being deleted."""

    __tablename__ = "removed_base"

    id: str = Field(primary_key=True)


class Reembedding(SQLModel, table=True):
    """A base that is being re-embedded."""

    __tablename__ = "reembedding"

    base_id: str = Field(primary_key=True, foreign_key="knowledge_base.id", ondelete="CASCADE")
    embedder: str
    dim: int
    generation: int
    started_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class ChunkTombstone(SQLModel, table=True):
    """A deleted chunk, for indexes that still contain it."""

    __tablename__ = "chunk_tombstone"

    chunk_id: int = Field(primary_key=True, sa_type=AutoId)
    base_id: str = Field(index=True)
    sequence: int = Field(index=True)


class Conversation(SQLModel, table=True):
    __tablename__ = "conversation"

    id: str = Field(default_factory=new_id, primary_key=True)
    title: str = ""
    base_ids: list[str] = Field(sa_type=JSON)
    model: str | None = None  # engine name or `auto`; None until one is selected
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)


class StoredMessage(SQLModel, table=True):
    """A question or an answer. Answers store all that is needed to show, rate and export them."""

    __tablename__ = "message"

    id: str = Field(default_factory=new_id, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True, ondelete="CASCADE")
    position: int  # order in the conversation; a regenerated answer is the position's next variant
    variant: int = 0
    role: str  # user, assistant
    state: str = "complete"  # streaming, complete, stopped, interrupted, failed
    content: str = Field(default="", sa_type=Text)
    base_ids: list[str] = Field(default_factory=list, sa_type=JSON)
    model: str | None = None
    adapter: str | None = None
    # The engine that wrote it, why it was chosen, and engines that failed.
    served: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    finish_reason: str | None = None
    error_detail: str | None = None
    # The model's text: the same as `content`, unless the extractive reader composed that.
    raw_output: str = Field(default="", sa_type=Text)
    prompt: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # messages as served
    passages: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    citations: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    confidence: float | None = (
        None  # answers only: confidence from 0 to 1 that the sources contain one
    )
    checks: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # per statement
    unsupported: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    conflicts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    timings_ms: dict[str, float] = Field(default_factory=dict, sa_type=JSON)
    task: str = "qa"  # qa, chat, translate, summarise
    recipe: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # settings and versions
    answer_key: str | None = Field(default=None, index=True)  # cache key
    cached_from: str | None = None  # the answer that was reused
    trace_id: str = ""  # of the request for the answer
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StoredFeedback(SQLModel, table=True):
    """The rating of an answer, which can be changed later."""

    __tablename__ = "feedback"

    message_id: str = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE")
    rating: str = Field(index=True)  # up, down
    reason: str | None = None  # wrong, not_in_sources, source_missing, out_of_date, badly_written
    comment: str = Field(default="", sa_type=Text)
    correction: str = Field(default="", sa_type=Text)
    right_chunk_id: int | None = Field(default=None, sa_type=BigInteger)
    trace_id: str = ""  # of the answer, to find a bad one in traces and logs
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class EvalQuestion(SQLModel, table=True):
    """An evaluation question with expected sources, an expected answer, or both."""

    __tablename__ = "eval_question"
    __table_args__ = (UniqueConstraint("base_id", "message_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    base_id: str = Field(foreign_key="knowledge_base.id", index=True, ondelete="CASCADE")
    question: str = Field(sa_type=Text)
    document_ids: list[str] = Field(default_factory=list, sa_type=JSON)  # any one counts
    source_text: str = Field(default="", sa_type=Text)  # the correct passage; survives re-chunking
    answer: str = Field(default="", sa_type=Text)
    origin: str = "manual"  # manual, rating, correction
    message_id: str | None = None  # the rated answer it was collected from
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Evaluation(SQLModel, table=True):
    """What came out of a job that evaluated a base by its own questions."""

    __tablename__ = "evaluation"

    job_id: str = Field(primary_key=True, foreign_key="job.id", ondelete="CASCADE")
    metrics: dict[str, float] = Field(sa_type=JSON)  # of the result, so that lists stay light
    result: str = Field(sa_type=Text)  # JSON
    report: str = Field(default="", sa_type=Text)  # HTML


class Heartbeat(SQLModel, table=True):
    """When each worker last said that it is alive."""

    __tablename__ = "heartbeat"

    worker: str = Field(primary_key=True)
    state: str = "idle"  # idle, busy
    seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
