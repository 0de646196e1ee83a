"""Long work and those who do it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, SQLModel

from app.db.tables.columns import UtcDateTime, new_id, utc_now


class Job(SQLModel, table=True):
    """One piece of long work. A claim is a lease: it runs out when its worker dies."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_kind_state_created_at", "kind", "state", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str = "ingest"  # ingest, evaluate, train, gate, check_up, record
    # What it ingests, or the base that it evaluates or checks; without either, there is nothing
    # to do.
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


class Heartbeat(SQLModel, table=True):
    """When each worker last said that it is alive."""

    __tablename__ = "heartbeat"

    worker: str = Field(primary_key=True)
    state: str = "idle"  # idle, busy
    seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
