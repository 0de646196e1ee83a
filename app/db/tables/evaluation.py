"""Evaluation questions and results."""

from datetime import datetime

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, new_id, utc_now


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
