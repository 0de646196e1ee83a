"""The queue of all long work. A claim is a lease: work of a worker that died is claimed again."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, or_, true, update
from sqlmodel import Session, col, func, select

from app.db.engine import Database
from app.db.tables import Job, StoredDocument, utc_now
from app.services.errors import Conflict, Forbidden, NotFound
from app.services.people.access import Access, Role
from app.services.people.grants import is_withheld, roles_in, withheld_from

log = logging.getLogger(__name__)

JobKind = Literal["ingest", "evaluate", "train", "gate", "check_up", "record"]
UNFINISHED = ("queued", "running")
_IN_TURN = (col(Job.priority), col(Job.created_at), col(Job.id))
NOT_READ_YET = ("queued", "parsing", "embedding")  # states of a document that never was ready

NOT_READ_AGAIN = "not_read_again"  # code of the notice in the report of such a document

_OF_MODELS = ("train", "gate")  # for administrators
LEASE_S = 30.0
MAX_ATTEMPTS = 3
# What a job ends with that ended its worker too often, by kind.
_WORKER_DIED = {
    "ingest": f"Reading this file ended the worker {MAX_ATTEMPTS} times. "
    "The file may be damaged or too large; convert or split it and try again.",
    "evaluate": f"The worker ended {MAX_ATTEMPTS} times during this run. "
    "Its log says why; a machine with too little memory is the usual reason.",
    "train": f"The worker ended {MAX_ATTEMPTS} times during this training. "
    "Its log says why; a machine with too little memory is the usual reason.",
    "check_up": f"The worker ended {MAX_ATTEMPTS} times during this check-up. "
    "Its log says why; a machine with too little memory is the usual reason.",
    "record": f"The worker ended {MAX_ATTEMPTS} times while it answered this base's questions. "
    "Its log says why.",
    "gate": f"The worker ended {MAX_ATTEMPTS} times while it measured this adapter. "
    "Its log says why.",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker holds until its lease runs out."""

    job_id: str
    attempt: int
    document_id: str = ""  # of a job that ingests
    base_id: str = ""  # of a job that evaluates or checks
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Jobs:
    db: Database

    def get(self, access: Access, job_id: str) -> Job:
        """Raises NotFound, also for work on what the person may not see."""
        with self.db.read() as session:
            return _get(session, access, job_id)

    def newest(
        self, access: Access, *, kind: str = "", state: str = "", limit: int = 50
    ) -> list[Job]:
        """Work on what the person may see, newest first."""
        with self.db.read() as session:
            query = select(Job).order_by(col(Job.created_at).desc()).limit(limit)
            query = query.where(_visible(session, access))
            if kind:
                query = query.where(Job.kind == kind)
            if state:
                query = query.where(Job.state == state)
            return list(session.exec(query))

    def before(self, job_ids: Sequence[str]) -> dict[str, int]:
        """As `jobs_before`."""
        with self.db.read() as session:
            return jobs_before(session, job_ids)

    def waiting(self, kind: JobKind | None = None) -> int:
        """Jobs that a worker could claim now."""
        with self.db.read() as session:
            query = select(func.count()).select_from(Job).where(_claimable())
            if kind:
                query = query.where(Job.kind == kind)
            return session.exec(query).one()

    def claim(
        self,
        worker: str,
        kind: JobKind = "ingest",
        *,
        untried: bool = False,
        max_bytes: int | None = None,
    ) -> Claim | None:
        """Take the oldest job, of the lowest priority number. Those that ended their worker too
        often fail instead.

        `untried` leaves jobs whose last worker died: beside others they could end those.
        `max_bytes` leaves documents that are larger.
        """
        with self.db.write() as session:
            while (job := _oldest(session, kind, untried, max_bytes)) is not None:
                if job.attempts >= MAX_ATTEMPTS:
                    end(session, job, "failed", "worker_died", _WORKER_DIED[kind])
                    session.flush()
                    continue
                job.state, job.worker = "running", worker
                job.attempts += 1
                job.lease_until = utc_now() + timedelta(seconds=LEASE_S)
                session.add(job)
                return Claim(
                    job.id, job.attempts, job.document_id or "", job.base_id or "", job.request
                )
            return None

    def renew(self, worker: str) -> None:
        """Hold all that the worker has claimed for another lease."""
        self._set_lease(worker, LEASE_S)

    def release(self, worker: str) -> None:
        """Let others claim what a dead worker held, without waiting for its lease to run out."""
        self._set_lease(worker, -1)

    def _set_lease(self, worker: str, seconds: float) -> None:
        with self.db.write() as session:
            session.exec(
                update(Job)
                .where(col(Job.worker) == worker, col(Job.state) == "running")
                .values(lease_until=utc_now() + timedelta(seconds=seconds))
            )

    def workers(self) -> list[str]:
        """Names of all that hold a job."""
        with self.db.read() as session:
            query = select(Job.worker).where(Job.state == "running").distinct()
            return [name for name in session.exec(query) if name]

    def give_back(self, worker: str) -> None:
        """Queue again what a worker held that was told to stop; the attempt does not count."""
        with self.db.write() as session:
            claimed = session.exec(
                select(Job).where(Job.worker == worker, Job.state == "running").with_for_update()
            )
            for job in claimed:
                job.state, job.worker, job.lease_until = "queued", None, None
                job.attempts -= 1
                session.add(job)

    def progress(self, claim: Claim, stage: str, done: int, total: int) -> bool:
        """Show how far the job is. False, and nothing happens, where the claim was lost."""
        with self.db.write() as session:
            if (job := claimed_job(session, claim)) is None:
                return False
            job.stage, job.done, job.total, job.updated_at = stage, done, total, utc_now()
            session.add(job)
            if (document := document_of(session, job)) is not None:
                if document.state in NOT_READ_YET:  # else it answers until this reading is done
                    document.state = stage
                document.updated_at = job.updated_at
                session.add(document)
            return True

    def holds(self, claim: Claim) -> bool:
        """Whether the claim is still valid: the job was not cancelled or given to another."""
        with self.db.read() as session:
            query = select(Job.id).where(*_is_claimed(claim))
            return session.exec(query).first() is not None

    def fail(self, claim: Claim, code: str, detail: str) -> None:
        """End the job as failed, with the reason, unless the claim was lost."""
        with self.db.write() as session:
            if (job := claimed_job(session, claim)) is not None:
                end(session, job, "failed", code, detail)

    def cancel(self, access: Access, job_id: str) -> Job:
        """End a queued or running job. A worker that holds it notices with its next progress.

        Raises NotFound, Forbidden for readers, and Conflict where it has ended already.
        """
        with self.db.write() as session:
            wanted = _get(session, access, job_id)
            document = document_of(session, wanted, lock=True)
            base_id = document.base_id if document is not None else wanted.base_id or ""
            if wanted.kind in _OF_MODELS:
                access.require_admin()
            elif roles_in(session, access, [base_id]).get(base_id, Role.READER) < Role.EDITOR:
                raise Forbidden("Only editors may cancel this.", code="role_too_low")
            job = session.exec(
                select(Job)
                .where(Job.id == job_id)
                .with_for_update()
                .execution_options(populate_existing=True)
            ).first()
            if job is None:
                raise NotFound("job", job_id)
            if job.state not in UNFINISHED:
                raise Conflict(
                    f"The job is {job.state}; only one that is not can be cancelled.",
                    code="job_ended",
                )
            end(session, job, "cancelled", "cancelled", "Cancelled.")
            return job


def claimed_job(session: Session, claim: Claim) -> Job | None:
    """The job until the transaction ends; None where it is gone or the claim was lost: every later
    claim of the job has another attempt.

    Its document is locked first: deleting locks a document before its jobs, and the other order
    would deadlock.
    """
    if claim.document_id:
        _lock_document(session, claim.document_id)
    return session.exec(select(Job).where(*_is_claimed(claim)).with_for_update()).first()


def document_of(session: Session, job: Job, *, lock: bool = False) -> StoredDocument | None:
    """What the job ingests, if it does."""
    if job.document_id is None:
        return None
    if lock:
        return _lock_document(session, job.document_id)
    return session.get(StoredDocument, job.document_id)


def end(session: Session, job: Job, state: str, code: str, detail: str) -> None:
    """End a job without its result. Its document, if it has one, fails with the same reason."""
    job.state = job.stage = state
    job.error_code, job.error_detail, job.updated_at = code, detail, utc_now()
    session.add(job)
    document = document_of(session, job)
    if document is not None and document.state not in NOT_READ_YET:
        log.warning("%s answers as before; reading it again failed: %s", document.name, detail)
        if state == "failed":
            kept = [notice for notice in document.notices if notice[0] != NOT_READ_AGAIN]
            document.notices = [*kept, [NOT_READ_AGAIN, 1, code]]
            session.add(document)
    elif document is not None:
        document.state, document.updated_at = "failed", job.updated_at
        document.error_code, document.error_detail = code, detail
        session.add(document)


def jobs_before(session: Session, job_ids: Sequence[str]) -> dict[str, int]:
    """Of each of these jobs that waits, how many unfinished ones of its kind come first."""
    if not job_ids:
        return {}
    place = func.row_number().over(partition_by=col(Job.kind), order_by=_IN_TURN)
    unfinished = (
        select(col(Job.id), col(Job.state), (place - 1).label("before"))
        .where(col(Job.state).in_(UNFINISHED))
        .subquery()
    )
    rows = session.exec(
        select(unfinished.c.id, unfinished.c.before).where(
            unfinished.c.state == "queued", unfinished.c.id.in_(job_ids)
        )
    )
    return dict(rows.all())


def _get(session: Session, access: Access, job_id: str) -> Job:
    wanted = select(Job).where(Job.id == job_id, _visible(session, access))
    job = session.exec(wanted).first()
    if job is None:
        raise NotFound("job", job_id)
    return job


def _visible(session: Session, access: Access) -> ColumnElement[bool]:
    """Jobs on the bases and documents that the person may see."""
    if access.unrestricted:
        return true()
    roles = roles_in(session, access)
    documents = select(StoredDocument.id).where(
        col(StoredDocument.base_id).in_(roles),
        ~is_withheld(withheld_from(session, access, roles)),
    )
    visible = or_(col(Job.base_id).in_(roles), col(Job.document_id).in_(documents))
    return or_(visible, col(Job.kind).in_(_OF_MODELS)) if access.admin else visible


def _lock_document(session: Session, document_id: str) -> StoredDocument | None:
    return session.exec(
        select(StoredDocument).where(StoredDocument.id == document_id).with_for_update()
    ).first()


def _is_claimed(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Job.id) == claim.job_id,
        col(Job.state) == "running",
        col(Job.attempts) == claim.attempt,
    )


def _oldest(session: Session, kind: JobKind, untried: bool, max_bytes: int | None) -> Job | None:
    """The first job in turn that can be claimed."""
    query = select(Job).where(Job.kind == kind, _claimable())
    if untried:
        query = query.where(Job.attempts == 0)
    if max_bytes is not None:
        query = query.join(StoredDocument).where(StoredDocument.size_bytes <= max_bytes)
    query = query.order_by(*_IN_TURN).limit(1)
    return session.exec(query.with_for_update(of=Job, skip_locked=True)).first()


def _claimable() -> ColumnElement[bool]:
    abandoned = and_(col(Job.state) == "running", col(Job.lease_until) < utc_now())
    return or_(col(Job.state) == "queued", abandoned)
