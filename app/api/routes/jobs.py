"""Ingestion jobs."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from app.api.deps import App, Limit
from app.api.wire import Wire
from app.db.tables import Job

router = APIRouter(prefix="/api", tags=["documents"])


class JobOut(Wire):
    id: str
    document_id: str
    state: Literal["queued", "running", "done", "failed"]
    stage: str
    done: int
    total: int
    attempts: int
    created_at: datetime
    updated_at: datetime


def job_out(job: Job) -> JobOut:
    return JobOut.model_validate(job.model_dump(include=set(JobOut.model_fields)))


@router.get("/jobs")
def list_jobs(
    app: App,
    state: Annotated[str, Query(pattern="^(queued|running|done|failed)?$")] = "",
    limit: Limit = 50,
) -> list[JobOut]:
    """Ingestion jobs, newest first."""
    jobs = app.jobs.newest(state=state, limit=limit)
    return [job_out(job) for job in jobs]


@router.get("/jobs/{job_id}")
def read_job(job_id: str, app: App) -> JobOut:
    """One ingestion job."""
    return job_out(app.jobs.get(job_id))
