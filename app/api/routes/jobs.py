"""Long work of the worker: documents that are read, bases that are evaluated."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter

from app.api.deps import App, Limit, Reading, Writing
from app.api.wire import Wire
from app.db.tables import Job
from app.services.jobs.queue import JobKind
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/api", tags=["jobs"])

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class JobOut(Wire):
    id: str
    kind: JobKind
    document_id: str | None  # of a job that ingests
    base_id: str | None  # of a job that evaluates
    state: JobState
    stage: str
    done: int  # of the present stage: pages, chunks or questions
    total: int
    attempts: int
    jobs_before: int | None  # while it waits: unfinished jobs of its kind that come first
    error_code: str | None
    error_detail: str | None
    created_at: datetime
    updated_at: datetime


def jobs_out(app: Zhiwen, jobs: Sequence[Job]) -> list[JobOut]:
    before = app.jobs.before([job.id for job in jobs if job.state == "queued"])
    fields = set(JobOut.model_fields) - {"jobs_before"}
    return [
        JobOut.model_validate({**job.model_dump(include=fields), "jobs_before": before.get(job.id)})
        for job in jobs
    ]


@router.get("/jobs")
def list_jobs(
    access: Reading,
    app: App,
    kind: JobKind | None = None,
    state: JobState | Literal[""] = "",
    limit: Limit = 50,
) -> list[JobOut]:
    """Newest first."""
    return jobs_out(app, app.jobs.newest(access, kind=kind or "", state=state, limit=limit))


@router.get("/jobs/{job_id}")
def read_job(job_id: str, access: Reading, app: App) -> JobOut:
    """One job with its progress."""
    return jobs_out(app, [app.jobs.get(access, job_id)])[0]


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: str, access: Writing, app: App) -> JobOut:
    """End a job that is queued or running; 409 where it has ended. Its document, if it has one,
    fails with the code `cancelled` and can be retried."""
    return jobs_out(app, [app.jobs.cancel(access, job_id)])[0]
