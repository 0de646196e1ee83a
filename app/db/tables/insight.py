"""What is known of questions and bases beside their texts: small rows, to read figures from."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, utc_now


class AnsweredQuestion(SQLModel, table=True):
    """What became of a question, noted once its answer has ended. Goes with the answer.

    `vector`, of an unanswered question, is float32, little-endian, of `embedder`.
    """

    __tablename__ = "answered_question"

    answer_id: str = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE")
    # A message, too; the same for all variants of an answer.
    question_id: str = Field(index=True)
    asked_at: datetime = Field(sa_type=UtcDateTime, index=True)
    outcome: str  # answered, not_found, failed; none where no documents were asked
    embedder: str = ""
    vector: bytes | None = Field(default=None, sa_type=LargeBinary)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # no gap any more


class AskedBase(SQLModel, table=True):
    """A base that was asked."""

    __tablename__ = "asked_base"
    __table_args__ = (Index("ix_asked_base_base_id_asked_at", "base_id", "asked_at"),)

    answer_id: str = Field(
        primary_key=True, foreign_key="answered_question.answer_id", ondelete="CASCADE"
    )
    base_id: str = Field(primary_key=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)


class CitedDocument(SQLModel, table=True):
    """A document that an answer cites."""

    __tablename__ = "cited_document"
    __table_args__ = (Index("ix_cited_document_document_id_cited_at", "document_id", "cited_at"),)

    answer_id: str = Field(
        primary_key=True, foreign_key="answered_question.answer_id", ondelete="CASCADE"
    )
    document_id: str = Field(primary_key=True)
    cited_at: datetime = Field(sa_type=UtcDateTime)


class CheckUp(SQLModel, table=True):
    """What a job found that checked a base."""

    __tablename__ = "check_up"

    job_id: str = Field(primary_key=True, foreign_key="job.id", ondelete="CASCADE")
    result: str = Field(sa_type=Text)  # JSON


class IgnoredFinding(SQLModel, table=True):
    """A finding that an editor of the base doesn't want to see again."""

    __tablename__ = "ignored_finding"

    base_id: str = Field(primary_key=True, foreign_key="knowledge_base.id", ondelete="CASCADE")
    key: str = Field(primary_key=True)
    ignored_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
