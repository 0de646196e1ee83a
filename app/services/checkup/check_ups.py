"""Check-ups of bases: jobs that a worker does, with what they found."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from app.db.engine import Database
from app.db.tables import CheckUp, IgnoredFinding, Job, StoredDocument, utc_now
from app.services.errors import Conflict, NotFound
from app.services.jobs.queue import UNFINISHED, Claim, claimed_job
from app.services.library.bases import get_whole_base
from app.services.people.access import Access


@dataclass(frozen=True, slots=True)
class CheckUpView:
    """The newest check-up, `job`, and what the last one that ended found, at `found_at`.

    Without findings that were ignored or whose documents are gone.
    """

    job: Job | None = None
    found_at: datetime | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    ignored: int = 0
    more: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    documents: int = 0
    sections: int = 0


@dataclass(frozen=True, slots=True)
class CheckUps:
    """For editors who may see the whole base. Raises NotFound and Forbidden for others."""

    db: Database

    def start(self, access: Access, base_id: str) -> CheckUpView:
        """Raises Conflict while another one waits or runs."""
        with self.db.write() as session:
            get_whole_base(session, access, base_id)
            newest = _newest(session, base_id)
            if newest is not None and newest.state in UNFINISHED:
                raise Conflict(
                    "A check-up of this knowledge base is under way already.",
                    code="check_up_running",
                )
            session.add(Job(kind="check_up", base_id=base_id))
        return self.view(access, base_id)

    def view(self, access: Access, base_id: str) -> CheckUpView:
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
            job = _newest(session, base_id)
            last = session.exec(
                select(CheckUp, Job.updated_at)
                .join(Job, col(Job.id) == col(CheckUp.job_id))
                .where(Job.base_id == base_id)
                .order_by(col(Job.created_at).desc())
            ).first()
            if last is None:
                return CheckUpView(job)
            result = json.loads(last[0].result)
            findings = _standing(session, base_id, result["findings"])
            ignored = set(
                session.exec(select(IgnoredFinding.key).where(IgnoredFinding.base_id == base_id))
            )
        shown = [finding for finding in findings if finding["key"] not in ignored]
        return CheckUpView(
            job,
            last[1],
            shown,
            len(findings) - len(shown),
            result["more"],
            tuple(result["left_out"]),
            result["documents"],
            result["sections"],
        )

    def ignore(self, access: Access, base_id: str, key: str) -> None:
        """Don't show the finding again, in later check-ups either. Raises NotFound."""
        if key not in {finding["key"] for finding in self.view(access, base_id).findings}:
            raise NotFound("finding", key)
        with self.db.write() as session:
            session.merge(IgnoredFinding(base_id=base_id, key=key))

    def show_ignored(self, access: Access, base_id: str) -> None:
        """Show all again that were ignored."""
        with self.db.write() as session:
            get_whole_base(session, access, base_id)
            session.exec(delete(IgnoredFinding).where(col(IgnoredFinding.base_id) == base_id))

    def finish(self, claim: Claim, result: Any) -> None:
        """Keep what was found, in place of what was found before, and end the job, unless the
        claim was lost."""
        with self.db.write() as session:
            if (job := claimed_job(session, claim)) is None:
                return
            earlier = select(Job.id).where(Job.kind == "check_up", Job.base_id == job.base_id)
            session.exec(delete(CheckUp).where(col(CheckUp.job_id).in_(earlier)))
            job.state = job.stage = "done"
            job.updated_at = utc_now()
            session.add(job)
            session.add(CheckUp(job_id=job.id, result=json.dumps(result, ensure_ascii=False)))


def _newest(session: Session, base_id: str) -> Job | None:
    return session.exec(
        select(Job)
        .where(Job.kind == "check_up", Job.base_id == base_id)
        .order_by(col(Job.created_at).desc(), col(Job.id).desc())
    ).first()


def _standing(
    session: Session, base_id: str, findings: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those whose documents are still searched. Removed ones keep their rows for a while."""
    ids = {place["document_id"] for finding in findings for place in finding["places"]}
    ready = set(
        session.exec(
            select(StoredDocument.id).where(
                col(StoredDocument.id).in_(ids),
                StoredDocument.base_id == base_id,
                StoredDocument.state == "ready",
            )
        )
    )
    return [
        finding
        for finding in findings
        if all(place["document_id"] in ready for place in finding["places"])
    ]
