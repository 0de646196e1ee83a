"""The evaluation questions of a knowledge base."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from app.db.engine import Database
from app.db.tables import EvalQuestion, StoredChunk, StoredDocument, StoredFeedback, StoredMessage
from app.services.errors import Invalid, NotFound
from app.services.improvement.feedback import reviewable, with_feedback
from app.services.library.bases import get_whole_base
from app.services.people.access import Access
from app.services.people.grants import roles_in

# Feedback with a correct source or answer.
_TEACHES = (
    col(StoredMessage.task) == "qa",
    or_(col(StoredFeedback.right_chunk_id).is_not(None), col(StoredFeedback.correction) != ""),
)


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected sources or answer, at least one of them."""

    document_ids: Sequence[str] = ()
    source_text: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class RegressionSet:
    db: Database

    def questions(self, access: Access, base_id: str) -> list[EvalQuestion]:
        """Oldest first. Raises NotFound, Forbidden."""
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
            return list(
                session.exec(
                    select(EvalQuestion)
                    .where(EvalQuestion.base_id == base_id)
                    .order_by(col(EvalQuestion.created_at), col(EvalQuestion.id))
                )
            )

    def add(self, access: Access, base_id: str, question: str, expected: Expected) -> EvalQuestion:
        """Raises Forbidden, NotFound for a base or document, Invalid if nothing is expected."""
        if not question.strip():
            raise Invalid("The question is empty.", code="empty_question")
        if not expected.document_ids and not expected.answer.strip():
            raise Invalid("Name an expected source or answer.", code="nothing_expected")
        with self.db.write() as session:
            get_whole_base(session, access, base_id)
            for document_id in expected.document_ids:
                document = session.get(StoredDocument, document_id)
                if document is None or document.base_id != base_id:
                    raise NotFound("document", document_id)
            stored = EvalQuestion(
                base_id=base_id,
                question=question.strip(),
                document_ids=list(expected.document_ids),
                source_text=expected.source_text,
                answer=expected.answer.strip(),
            )
            session.add(stored)
        return stored

    def delete(self, access: Access, question_id: str) -> None:
        """Raises NotFound, Forbidden."""
        with self.db.write() as session:
            stored = session.get(EvalQuestion, question_id)
            if stored is None or stored.base_id not in roles_in(session, access, [stored.base_id]):
                raise NotFound("question", question_id)
            get_whole_base(session, access, stored.base_id)
            session.delete(stored)

    def collect(self, access: Access, base_id: str) -> int:
        """Adds the rated answers of this base that the person may review and that have a correct
        source or a corrected answer, and updates those added before. Returns how many are new."""
        added = 0
        with self.db.write() as session:
            get_whole_base(session, access, base_id)
            rated = reviewable(session, access, with_feedback(session, *_TEACHES))
            for row in sorted(rated, key=lambda row: row.feedback.created_at):
                if base_id not in row.answer.base_ids:
                    continue
                expected = _expected(session, base_id, row.feedback, row.answer)
                if not expected.document_ids and not expected.answer:
                    continue
                stored = session.exec(
                    select(EvalQuestion).where(
                        EvalQuestion.base_id == base_id, EvalQuestion.message_id == row.answer.id
                    )
                ).first()
                added += stored is None
                stored = stored or EvalQuestion(
                    base_id=base_id, question=row.question, message_id=row.answer.id
                )
                stored.document_ids = list(expected.document_ids)
                stored.source_text, stored.answer = expected.source_text, expected.answer
                stored.origin = "correction" if expected.answer else "rating"
                session.add(stored)
        return added


def _expected(
    session: Session, base_id: str, feedback: StoredFeedback, answer: StoredMessage
) -> Expected:
    correction = feedback.correction.strip()
    chunk_id = feedback.right_chunk_id
    chunk = session.get(StoredChunk, chunk_id) if chunk_id is not None else None
    if chunk is not None and chunk.base_id == base_id:
        return Expected((chunk.document_id,), chunk.text, correction)
    # The chunk may have been deleted; the answer keeps a copy of its passages.
    shown = next((p for p in answer.passages if p.get("chunk_id") == chunk_id), None)
    if shown is not None and session.get(StoredDocument, shown["document_id"]) is not None:
        return Expected((shown["document_id"],), shown["text"], correction)
    return Expected(answer=correction)
