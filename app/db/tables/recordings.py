"""Answers to a base's own questions, in one state of the installation."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Text
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, new_id, utc_now


class Recording(SQLModel, table=True):
    """`accepted_at`: since when others are compared with it; None until then. `changed`, `worse`:
    answers that are other than the accepted ones were."""

    __tablename__ = "recording"

    id: str = Field(default_factory=new_id, primary_key=True)
    base_id: str = Field(foreign_key="knowledge_base.id", index=True, ondelete="CASCADE")
    fingerprint: dict[str, Any] = Field(sa_type=JSON)  # versions, models and settings
    changed: int = 0
    worse: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecordedAnswer(SQLModel, table=True):
    __tablename__ = "recorded_answer"

    recording_id: str = Field(
        default="", primary_key=True, foreign_key="recording.id", ondelete="CASCADE"
    )
    number: int = Field(primary_key=True)  # in the recording, from 0
    # The real question; the recorded answer goes with its conversation.
    message_id: str | None = Field(
        default=None, foreign_key="message.id", index=True, ondelete="CASCADE"
    )
    question: str = Field(sa_type=Text)
    expected: str = Field(default="", sa_type=Text)
    expected_documents: list[str] = Field(default_factory=list, sa_type=JSON)  # any one counts
    answer: str = Field(sa_type=Text)
    cites: bool = False
    unsupported: int = 0  # statements that no source, or another one, holds
    documents: list[str] = Field(default_factory=list, sa_type=JSON)  # of the sources in the prompt


class SyntheticQuestion(SQLModel, table=True):
    """A question that a model made from a section, with its answer; for training alone."""

    __tablename__ = "synthetic_question"

    id: str = Field(default_factory=new_id, primary_key=True)
    base_id: str = Field(foreign_key="knowledge_base.id", index=True, ondelete="CASCADE")
    document_id: str = Field(foreign_key="document.id", index=True, ondelete="CASCADE")
    chunk_id: int = Field(sa_type=BigInteger)
    document_name: str
    question: str = Field(sa_type=Text)
    answer: str = Field(sa_type=Text)
    prompt: list[dict[str, Any]] = Field(sa_type=JSON)  # as it would be served
    style: str
    model: str
    checked: str = ""  # by a person: right, wrong; empty until then
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
