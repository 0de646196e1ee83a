"""Answers that a person approved for a question."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, Text
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, new_id, utc_now


class ApprovedAnswer(SQLModel, table=True):
    """A question with the answer to give. `vector`, the question's, is float32, little-endian, of
    `embedder`. `sources` are the spans that must not change, with their SHA-256."""

    __tablename__ = "approved_answer"

    id: str = Field(default_factory=new_id, primary_key=True)
    question: str = Field(sa_type=Text)
    answer: str = Field(sa_type=Text)
    embedder: str
    vector: bytes = Field(sa_type=LargeBinary)
    sources: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    passages: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # as in an answer
    checks: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    message_id: str | None = None  # the rated answer that it corrects
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class ApprovedBase(SQLModel, table=True):
    """A base that must be among those asked. It stays when the base goes: without it, the answer
    would be given for fewer bases than it was approved for."""

    __tablename__ = "approved_base"

    approved_id: str = Field(primary_key=True, foreign_key="approved_answer.id", ondelete="CASCADE")
    base_id: str = Field(primary_key=True, index=True)
