"""The queue of ingestion jobs. A claim is a lease: work of a worker that died is claimed again."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, func, select

from app.db.engine import Database
from app.db.tables import Job, StoredDocument, utc_now
from app.services.errors import NotFound
from app.services.library.versions import UNFINISHED

log = logging.getLogger(__name__)

LEASE_S = 30.0
MAX_ATTEMPTS = 3
_WORKER_DIED = (
    f"Reading this file ended the worker {MAX_ATTEMPTS} times. "
    "The file may be damaged or too large; convert or split it and try again."
)


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

    def claim(self, worker: str, *, untried: bool = False) -> Claim | None:
        """Take the oldest job. Those that brought down their worker too often fail instead.

        `untried` passes over jobs whose last worker died: beside others they could end those.
        """
        with self.db.write() as session:
            while (job := _oldest_claimable(session, untried)) is not None:
                if job.attempts >= MAX_ATTEMPTS:
                    fail(session, job, "worker_died", _WORKER_DIED)
                    session.flush()
                    continue
                job.state, job.worker = "running", worker
                job.attempts += 1
                job.lease_until = utc_now() + timedelta(seconds=LEASE_S)
                session.add(job)
                return Claim(job.id, job.document_id, job.attempts)
            return None

    def renew(self, worker: str) -> None:
        """Hold all that the worker has claimed for another lease."""
        lease_until = utc_now() + timedelta(seconds=LEASE_S)
        with self.db.write() as session:
            session.exec(
                update(Job)
                .where(col(Job.worker) == worker, col(Job.state) == "running")
                .values(lease_until=lease_until)
            )

    def workers(self) -> list[str]:
        """Names of all that hold a job."""
        with self.db.read() as session:
            query = select(Job.worker).where(Job.state == "running").distinct()
            return [name for name in session.exec(query) if name]

    def release(self, worker: str) -> None:
        """Let others claim what a dead worker held, without waiting for its lease to run out."""
        with self.db.write() as session:
            session.exec(
                update(Job)
                .where(col(Job.worker) == worker, col(Job.state) == "running")
                .values(lease_until=utc_now() - timedelta(seconds=1))
            )

    def give_back(self, worker: str) -> None:
        """Queue again what a worker held that was told to stop; the attempt does not count."""
        with self.db.write() as session:
            held = session.exec(
                select(Job).where(Job.worker == worker, Job.state == "running").with_for_update()
            )
            for job in held:
                job.state, job.worker, job.lease_until = "queued", None, None
                job.attempts -= 1
                session.add(job)

    def progress(self, claim: Claim, stage: str, done: int, total: int) -> None:
        """Show how far the job is. Nothing happens where the claim was lost."""
        with self.db.write() as session:
            if (held := locked(session, claim)) is not None:
                job, document = held
                job.stage, job.done, job.total = stage, done, total
                job.updated_at = document.updated_at = utc_now()
                if document.state in UNFINISHED:  # else it answers until this reading is done
                    document.state = stage
                session.add_all(held)

    def fail(self, claim: Claim, code: str, detail: str) -> None:
        """End the job and its document as failed, with the reason, unless the claim was lost."""
        with self.db.write() as session:
            if (held := locked(session, claim)) is not None:
                fail(session, held[0], code, detail)


def locked(session: Session, claim: Claim) -> tuple[Job, StoredDocument] | None:
    """Job and document until the transaction ends; None where the document is gone or the claim
    was lost: every later claim of the job has another attempt.

    The document first: deleting it locks it before its jobs, and the other order would deadlock.
    """
    document = session.exec(
        select(StoredDocument).where(StoredDocument.id == claim.document_id).with_for_update()
    ).first()
    job = session.exec(
        select(Job)
        .where(Job.id == claim.job_id, Job.state == "running", Job.attempts == claim.attempt)
        .with_for_update()
    ).first()
    return (job, document) if job is not None and document is not None else None


def fail(session: Session, job: Job, code: str, detail: str) -> None:
    job.state, job.stage, job.updated_at = "failed", "failed", utc_now()
    session.add(job)
    document = session.get(StoredDocument, job.document_id)
    if document is not None and document.state not in UNFINISHED:
        log.warning("%s answers as before; reading it again failed: %s", document.name, detail)
    elif document is not None:
        document.state, document.error_code, document.error_detail = "failed", code, detail
        document.updated_at = job.updated_at
        session.add(document)


def _oldest_claimable(session: Session, untried: bool) -> Job | None:
    query = select(Job).where(_claimable()).order_by(col(Job.created_at), col(Job.id)).limit(1)
    if untried:
        query = query.where(Job.attempts == 0)
    return session.exec(query.with_for_update(skip_locked=True)).first()


def _claimable() -> ColumnElement[bool]:
    abandoned = and_(col(Job.state) == "running", col(Job.lease_until) < utc_now())
    return or_(col(Job.state) == "queued", abandoned)
