"""Recordings: the answers to a base's own questions in one state of the installation.

The base's evaluation questions and the last hundred that were asked of it are answered, and kept
with the fingerprint of all that answers depend on beside the documents. The accepted recording is
the "before" of every change, so its questions are answered again, too; a change that makes answers
worse is said until a person accepts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import (
    Conversation,
    EvalQuestion,
    Job,
    KnowledgeBase,
    RecordedAnswer,
    Recording,
    StoredMessage,
    utc_now,
)
from app.services.answers.recipe import normalised
from app.services.errors import Conflict, NotFound
from app.services.improvement.changes.compare import Comparison, compare
from app.services.jobs.queue import UNFINISHED, Claim, claimed_job
from app.services.people.access import Access
from app.services.people.audit import record
from app.services.people.grants import roles_in
from app.services.people.usage import DailyLimits, Usage, asked_by

ASKED = 100  # real questions

Fingerprint = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToAnswer:
    """`message_id`: of the real question, with which its recorded answer goes."""

    question: str
    expected: str = ""
    expected_documents: tuple[str, ...] = ()
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A base whose answers changed for the worse, and nobody has accepted that."""

    base_id: str
    base_name: str
    worse: int
    changed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Recordings:
    db: Database

    def questions(self, base_id: str) -> list[ToAnswer]:
        """Its evaluation questions, the last real ones that began a conversation with it alone, and
        those that were the last ones when its accepted answers were recorded; each once."""
        with self.db.read() as session:
            own = session.exec(
                select(EvalQuestion)
                .where(EvalQuestion.base_id == base_id)
                .order_by(col(EvalQuestion.created_at), col(EvalQuestion.id))
            )
            found = [ToAnswer(q.question, q.answer, tuple(q.document_ids)) for q in own]
            asked = session.exec(
                select(
                    StoredMessage.content,
                    StoredMessage.id,
                    StoredMessage.base_ids,
                    Conversation.base_ids,
                )
                .join(Conversation, col(Conversation.id) == col(StoredMessage.conversation_id))
                .where(StoredMessage.role == "user", StoredMessage.position == 0)
                .order_by(col(StoredMessage.created_at).desc())
                .execution_options(yield_per=ASKED)  # not all that were ever asked, of any base
            )
            known = {normalised(each.question) for each in found}
            most = len(found) + ASKED
            for text, message_id, bases, of_conversation in asked:
                # questions of early versions have no bases of their own
                if (bases or of_conversation) == [base_id] and normalised(text) not in known:
                    known.add(normalised(text))
                    found.append(ToAnswer(text, message_id=message_id))
                    if len(found) == most:
                        break
            accepted = _newest(session, base_id, accepted=True)
            real = [a for a in _answers(session, accepted) if a.message_id] if accepted else []
            found += [
                ToAnswer(each.question, message_id=each.message_id)
                for each in real[:ASKED]
                if normalised(each.question) not in known
            ]
        return found

    def start(self, base_id: str, access: Access | None = None) -> Job:
        """Queue a recording for a worker; the one that waits already, if it does. Its tokens count
        on the account of who asked for it."""
        with self.db.write() as session:
            return _queue(session, base_id, asked_by(access) if access else {})

    def start_where_changed(self, now: Fingerprint) -> list[str]:
        """Queue a recording of each base that has an accepted one of another state, unless this
        state is recorded already. Their ids. Where this is the accepted state again, what was
        recorded of another one waits for nobody any more and is deleted."""
        state, queued = dict(now), []
        with self.db.write() as session:
            for base_id in session.exec(select(KnowledgeBase.id)):
                accepted = _newest(session, base_id, accepted=True)
                last = _newest(session, base_id)
                if accepted is None or last is None or last.fingerprint == state:
                    continue
                if accepted.fingerprint == state:
                    session.delete(last)
                    continue
                _queue(session, base_id)
                queued.append(base_id)
        return queued

    def finish(
        self,
        claim: Claim,
        fingerprint: Fingerprint,
        answers: Sequence[RecordedAnswer],
        tokens: int = 0,
    ) -> None:
        """Keep what was answered and end the job, unless the claim was lost. Of those that nobody
        accepted, only this one stays. `tokens`: that it took."""
        with self.db.write() as session:
            if (job := claimed_job(session, claim)) is None:
                return
            session.exec(
                delete(Recording).where(
                    col(Recording.base_id) == claim.base_id, col(Recording.accepted_at).is_(None)
                )
            )
            made = Recording(base_id=claim.base_id, fingerprint=dict(fingerprint))
            session.add(made)
            session.flush()
            for each in answers:
                gone = each.message_id and session.get(StoredMessage, each.message_id) is None
                if not gone:  # its conversation was deleted meanwhile
                    each.recording_id = made.id
                    session.add(each)
            session.flush()
            if (found := _compared(session, claim.base_id)) is not None:
                made.changed, made.worse = len(found.changed), len(found.worse)
                session.add(made)
            job.state = job.stage = "done"
            job.updated_at = utc_now()
            session.add(job)
        Usage(self.db, DailyLimits()).charge_job(claim.request, tokens)

    def compared(self, base_id: str) -> Comparison | None:
        """The newest recording against the accepted one; None where there are no two."""
        with self.db.read() as session:
            return _compared(session, base_id)

    def newest(self, base_id: str) -> Recording | None:
        with self.db.read() as session:
            return _newest(session, base_id)

    def accept(self, access: Access, base_id: str, recording_id: str = "") -> Recording:
        """Make the newest recording what later ones are compared with. Raises NotFound where there
        is none, and Conflict where it is accepted already, or is another than `recording_id`."""
        with self.db.write() as session:
            newest = _newest(session, base_id)
            if newest is None:
                raise NotFound("recording of the base", base_id)
            if recording_id not in ("", newest.id):
                raise Conflict("There are newer answers than these.", code="newer_answers")
            if newest.accepted_at is not None:
                raise Conflict("The newest recording is accepted already.", code="accepted")
            newest.accepted_at = utc_now()
            session.add(newest)
            session.flush()
            session.exec(
                delete(Recording).where(
                    col(Recording.base_id) == base_id, col(Recording.id) != newest.id
                )
            )
            record(session, access, "gate.accept", "base", base_id, recording=newest.id)
            return newest

    def held(self, access: Access) -> list[Held]:
        """Bases that the person may see whose answers got worse, until somebody accepts it."""
        with self.db.read() as session:
            rows = session.exec(
                select(Recording, KnowledgeBase.name)
                .join(KnowledgeBase, col(KnowledgeBase.id) == col(Recording.base_id))
                .where(col(Recording.accepted_at).is_(None), Recording.worse > 0)
                .order_by(col(Recording.created_at))
            ).all()
            seen = roles_in(session, access, [each.base_id for each, _ in rows]) if rows else {}
        return [
            Held(each.base_id, name, each.worse, each.changed, each.created_at)
            for each, name in rows
            if each.base_id in seen
        ]


def _queue(session: Session, base_id: str, request: Mapping[str, Any] | None = None) -> Job:
    waits = select(Job).where(
        Job.kind == "record", Job.base_id == base_id, col(Job.state).in_(UNFINISHED)
    )
    job = session.exec(waits).first()
    if job is None:
        job = Job(kind="record", base_id=base_id, request=dict(request or {}))
        session.add(job)
        session.flush()
    return job


def _newest(session: Session, base_id: str, *, accepted: bool = False) -> Recording | None:
    query = select(Recording).where(Recording.base_id == base_id)
    if accepted:
        query = query.where(col(Recording.accepted_at).is_not(None))
    return session.exec(query.order_by(col(Recording.created_at).desc()).limit(1)).first()


def _compared(session: Session, base_id: str) -> Comparison | None:
    before, after = _newest(session, base_id, accepted=True), _newest(session, base_id)
    if before is None or after is None or before.id == after.id:
        return None
    return compare(
        _answers(session, before),
        _answers(session, after),
        (before.fingerprint, after.fingerprint),
    )


def _answers(session: Session, of: Recording) -> Sequence[RecordedAnswer]:
    return session.exec(
        select(RecordedAnswer)
        .where(RecordedAnswer.recording_id == of.id)
        .order_by(col(RecordedAnswer.number))
    ).all()
