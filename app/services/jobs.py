"""The queue of ingestion jobs. A claim is a lease: work of a worker that died is claimed again."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, func, select

from app.db.engine import Database
from app.db.tables import Job, StoredDocument, utc_now
from app.services.errors import NotFound

LEASE_S = 30.0
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """One job that this worker holds until its lease runs out."""

    job_id: str
    document_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Jobs:
    db: Database

    def get(self, job_id: str) -> Job:
        with self.db.read() as session:
            job = session.get(Job, job_id)
            if job is None:
                raise NotFound("job", job_id)
            return job

    def newest(self, *, state: str = "", limit: int = 50) -> list[Job]:
        """Newest first."""
        with self.db.read() as session:
            query = select(Job).order_by(col(Job.created_at).desc()).limit(limit)
            if state:
                query = query.where(Job.state == state)
            return list(session.exec(query))

    def waiting(self) -> int:
        """Jobs that a worker could claim now."""
        with self.db.read() as session:
            query = select(func.count()).select_from(Job).where(_claimable())
            return session.exec(query).one()

    def claim(self, worker: str) -> Claim | None:
        """Take the oldest job. One that brought down its worker too often fails instead."""
        with self.db.write() as session:
            job = session.exec(
                select(Job)
                .where(_claimable())
                .order_by(col(Job.created_at), col(Job.id))
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if job is None:
                return None
            if job.attempts >= MAX_ATTEMPTS:
                reason = (
                    f"Reading this file ended the worker {MAX_ATTEMPTS} times. "
                    "The file may be damaged or too large; convert or split it and try again."
                )
                fail(session, job, "worker_died", reason)
                return Claim("", job.document_id, job.attempts)
            job.state, job.worker = "running", worker
            job.attempts += 1
            job.lease_until = utc_now() + timedelta(seconds=LEASE_S)
            session.add(job)
            return Claim(job.id, job.document_id, job.attempts)

    def renew(self, claim: Claim, worker: str) -> None:
        """Hold the claim for another lease."""
        lease_until = utc_now() + timedelta(seconds=LEASE_S)
        with self.db.write() as session:
            session.exec(
                update(Job)
                .where(col(Job.id) == claim.job_id, col(Job.worker) == worker)
                .values(lease_until=lease_until)
            )

    def release(self, worker: str) -> None:
        """Let others claim what a dead worker held, without waiting for its lease to run out."""
        with self.db.write() as session:
            session.exec(
                update(Job)
                .where(col(Job.worker) == worker, col(Job.state) == "running")
                .values(lease_until=utc_now() - timedelta(seconds=1))
            )

    def progress(self, claim: Claim, stage: str, done: int, total: int) -> None:
        """Show how far the job is."""
        with self.db.write() as session:
            job = session.get(Job, claim.job_id)
            document = session.get(StoredDocument, claim.document_id)
            if job is None or document is None:
                return
            job.stage, job.done, job.total = stage, done, total
            job.updated_at = document.updated_at = utc_now()
            document.state = stage
            session.add_all((job, document))

    def fail(self, claim: Claim, code: str, detail: str) -> None:
        """End the job and its document as failed, with the reason."""
        with self.db.write() as session:
            job = session.get(Job, claim.job_id)
            if job is not None:
                fail(session, job, code, detail)


def fail(session: Session, job: Job, code: str, detail: str) -> None:
    job.state, job.stage, job.updated_at = "failed", "failed", utc_now()
    session.add(job)
    document = session.get(StoredDocument, job.document_id)
    if document is not None:
        document.state, document.error_code, document.error_detail = "failed", code, detail
        document.updated_at = job.updated_at
        session.add(document)


def _claimable() -> ColumnElement[bool]:
    abandoned = and_(col(Job.state) == "running", col(Job.lease_until) < utc_now())
    return or_(col(Job.state) == "queued", abandoned)
