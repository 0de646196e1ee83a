"""Feedback on answers, and its export as training data."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.races import again_after_a_race
from app.db.tables import StoredFeedback, StoredMessage, utc_now
from app.llm.messages import Message
from app.logs import FIELDS
from app.metrics import RATINGS
from app.services.answers.conversations import get_message, own_among
from app.services.answers.stored_prompt import served_messages
from app.services.errors import Conflict, Invalid, NotFound
from app.services.people.access import Access, Role
from app.services.people.audit import record
from app.services.people.grants import roles_in, visible_documents
from app.tuning.errors import TuningError
from app.tuning.export import Report, export
from app.tuning.formats import JsonRow
from app.tuning.types import Format, RatedAnswer, Selection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnswerWithFeedback:
    feedback: StoredFeedback
    answer: StoredMessage
    question: str


@dataclass(frozen=True, slots=True)
class Feedback:
    db: Database

    @again_after_a_race
    def put(self, access: Access, message_id: str, given: StoredFeedback) -> StoredFeedback:
        """Sets the feedback on a finished answer: the person's own, or a rated one that they
        review. Raises NotFound, Invalid, Conflict."""
        with self.db.write() as session:
            message = get_reviewed(session, access, message_id)
            if message.role != "assistant":
                raise Invalid("Only answers can be rated.", code="not_an_answer")
            if message.state == "streaming":
                raise Conflict(
                    "The answer is still being written. Rate it when it is complete.",
                    code="answer_running",
                )
            stored = session.get(StoredFeedback, message_id) or StoredFeedback(
                message_id=message_id, rating=given.rating
            )
            for name in ("rating", "reason", "comment", "correction", "right_chunk_id"):
                setattr(stored, name, getattr(given, name))
            stored.trace_id, stored.updated_at = message.trace_id, utc_now()
            session.add(stored)
        RATINGS.labels(stored.rating).inc()
        log.info(
            "answer %s (trace %s) was rated %s",
            *(message_id, stored.trace_id, stored.rating),
            extra={
                FIELDS: {
                    "answer_id": message_id,
                    "answer_trace_id": stored.trace_id,
                    "rating": stored.rating,
                    "reason": stored.reason,
                }
            },
        )
        return stored

    def delete(self, access: Access, message_id: str) -> None:
        """Raises NotFound, also for a rating of another person's."""
        with self.db.write() as session:
            get_message(session, access, message_id)
            stored = session.get(StoredFeedback, message_id)
            if stored is None:
                raise NotFound("rating of message", message_id)
            session.delete(stored)

    def page(
        self, access: Access, *, rating: str, base_id: str, limit: int, offset: int
    ) -> tuple[list[AnswerWithFeedback], int]:
        """What the person may review, latest feedback first, with the total number of matches."""
        with self.db.read() as session:
            wanted = [col(StoredFeedback.rating) == rating] if rating else []
            rows = [
                row
                for row in reviewable(session, access, with_feedback(session, *wanted))
                if not base_id or base_id in row.answer.base_ids
            ]
            return rows[offset : offset + limit], len(rows)

    def export(
        self, access: Access, format: Format, selection: Selection
    ) -> tuple[list[JsonRow], Report]:
        """Rows of a training file, from what the person may review, and the report, which is
        written down. Raises Invalid."""
        rows, report = self._exported(access, format, selection)
        with self.db.write() as session:
            base_id = selection.base_id or ""
            kind = "base" if base_id else ""
            rated = report.exported
            record(session, access, "feedback.export", kind, base_id, format=format, rows=rated)
        return rows, report

    def report(self, access: Access, format: Format, selection: Selection) -> Report:
        """What an export would hold, and what not. Raises Invalid."""
        return self._exported(access, format, selection)[1]

    def _exported(
        self, access: Access, format: Format, selection: Selection
    ) -> tuple[list[JsonRow], Report]:
        with self.db.read() as session:
            rows = reviewable(session, access, with_feedback(session))
        try:
            return export(map(for_tuning, filter(trains, rows)), format, selection)
        except TuningError as error:
            raise Invalid(str(error), code="export") from error


def with_feedback(session: Session, *conditions: ColumnElement[bool]) -> list[AnswerWithFeedback]:
    """Rated answers that meet all conditions on `StoredFeedback` and `StoredMessage`, latest
    feedback first."""
    question = aliased(StoredMessage)
    query = (
        select(StoredFeedback, StoredMessage, question.content)
        .join(StoredMessage, col(StoredMessage.id) == col(StoredFeedback.message_id))
        .join(question, col(question.id) == col(StoredMessage.parent_id))
        .where(*conditions)
        .order_by(col(StoredFeedback.updated_at).desc(), col(StoredFeedback.message_id))
    )
    return [AnswerWithFeedback(*row) for row in session.exec(query)]


def reviewable(
    session: Session, access: Access, rows: Sequence[AnswerWithFeedback]
) -> list[AnswerWithFeedback]:
    """Those of the answers that the person wrote the question to, or that they may review: whoever
    rates an answer shows it to the editors of all bases that it was asked of, as far as they may
    see all its sources."""
    if access.unrestricted:
        return list(rows)
    roles = roles_in(session, access)
    own = own_among(session, access, {row.answer.conversation_id for row in rows})
    documents = {p["document_id"] for row in rows for p in row.answer.passages}
    visible = visible_documents(session, access, documents)

    def may(row: AnswerWithFeedback) -> bool:
        if not {passage["document_id"] for passage in row.answer.passages} <= visible:
            return False
        if not roles.keys() >= set(row.answer.base_ids):
            return False
        if row.answer.conversation_id in own:
            return True
        asked = row.answer.base_ids
        return bool(asked) and all(roles[base_id] >= Role.EDITOR for base_id in asked)

    return list(filter(may, rows))


def get_reviewed(session: Session, access: Access, message_id: str) -> StoredMessage:
    """The person's own message, or a rated one that they may review. Raises NotFound."""
    rated = with_feedback(session, col(StoredFeedback.message_id) == message_id)
    if rated and reviewable(session, access, rated):
        return rated[0].answer
    return get_message(session, access, message_id)


def trains(row: AnswerWithFeedback) -> bool:
    """Whether the answer can be used for training: a model's, from sources, without tool calls."""
    answer = row.answer
    by_a_model = answer.finish_reason not in ("approved", "greeting", "listed")
    return by_a_model and answer.task == "qa" and all(m["role"] != "tool" for m in answer.prompt)


def _asked(prompt: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """The messages without a beginning of the answer given to the model, which is not part of any
    text that people saw or wrote."""
    messages = served_messages(prompt)
    return messages[:-1] if messages and messages[-1].role == "assistant" else messages


def for_tuning(row: AnswerWithFeedback) -> RatedAnswer:
    """The answer and its rating as `app.tuning` knows them."""
    answer, feedback = row.answer, row.feedback
    return RatedAnswer(
        message_id=answer.id,
        question_id=answer.parent_id or "",
        base_ids=tuple(answer.base_ids),
        prompt=_asked(answer.prompt),
        answer=answer.content,
        raw_output=answer.raw_output,
        rating=feedback.rating,  # type: ignore[arg-type]  # checked when it was stored
        created_at=answer.created_at,
        rated_at=feedback.updated_at,
        state=answer.state,
        finish_reason=answer.finish_reason,
        reason=feedback.reason,
        comment=feedback.comment,
        correction=feedback.correction,
        model=answer.model,
        supported=is_supported(answer.checks),
    )


def is_supported(checks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the sources hold everything that was stated; answers without verdicts are not."""
    return bool(checks) and all(
        check["verdict"] not in ("unsupported", "contradicted") for check in checks
    )
