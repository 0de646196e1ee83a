"""Notes what became of each question, in small rows beside the answers.

A stored answer has its prompt and passages with it, some 20 kB; figures over weeks of them are read
from these rows. Noting happens after the answer was given, never while somebody waits for it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from app.db.engine import Database
from app.db.tables import AnsweredQuestion, AskedBase, CitedDocument, StoredMessage
from ingest.embedding.embedder import Embedder
from ingest.errors import IngestError

log = logging.getLogger(__name__)

EVERY_S = 20.0
_AT_ONCE = 1000  # half a second
_BATCH = 200
_SLOWEST = timedelta(days=1)  # answers that end later than that after their question are missed
_NOT_FOUND = ("no_sources", "not_stated")
_NOT_ASKED = ("greeting", "listed")  # no documents were
_OF_DOCUMENTS = ("qa", "summarise")


@dataclass(frozen=True, slots=True)
class _Noted:
    """The rows of one answer; `text` is that of a question without an answer."""

    question: dict[str, Any]
    bases: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Noting:
    """`embedder` gives vectors to the questions that were not answered, to group them by."""

    db: Database
    embedder: Embedder

    def catch_up(self) -> int:
        """Notes answers that have ended, the oldest first; returns how many. Of a long backlog only
        a part, so that nobody waits for it, and nothing from an answer on that is deleted at this
        moment: the next calls do the rest."""
        total = 0
        after = self._since()
        while True:
            with self.db.read() as session:
                rows = _ended(session, after)
            if not rows:
                return total
            try:
                self._write([_noted(row) for row in rows])
            except IntegrityError:  # going on would leave the others behind: see `_since`
                log.info("an answer was deleted while it was noted")
                return total
            total += len(rows)
            after = (rows[-1].created_at, rows[-1].id)
            if len(rows) < _BATCH or total >= _AT_ONCE:
                return total

    def _since(self) -> tuple[datetime, str] | None:
        """What was asked before is noted, or missed."""
        with self.db.read() as session:
            newest = session.connection().scalar(select(func.max(col(AnsweredQuestion.asked_at))))
        return (newest - _SLOWEST, "") if newest else None

    def _write(self, noted: Sequence[_Noted]) -> None:
        self._embed([each for each in noted if each.text])
        with self.db.write() as session:
            self._add(session, AnsweredQuestion, [each.question for each in noted])
            self._add(session, AskedBase, [row for each in noted for row in each.bases])
            self._add(session, CitedDocument, [row for each in noted for row in each.documents])

    def _add(self, session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        insert = postgresql.insert if self.db.dialect == "postgresql" else sqlite.insert
        # Another process may have noted them.
        session.connection().execute(insert(table).on_conflict_do_nothing(), rows)

    def _embed(self, noted: Sequence[_Noted]) -> None:
        if not noted:
            return
        try:
            vectors = self.embedder.embed([each.text for each in noted], kind="query")
        except IngestError as error:  # then only questions in the same words are one
            log.warning("unanswered questions have no vectors: %s", error)
            return
        for each, vector in zip(noted, vectors, strict=True):
            each.question["embedder"] = self.embedder.name
            each.question["vector"] = vector.astype("<f4").tobytes()


def _ended(session: Session, after: tuple[datetime, str] | None) -> list[Any]:
    """Answers that have ended and are not noted, oldest first, with their question."""
    answer, question = aliased(StoredMessage), aliased(StoredMessage)
    names = ("id", "created_at", "base_ids", "task", "state", "finish_reason", "citations")
    columns = [getattr(answer, name) for name in names]
    wanted = (
        select(*columns, col(question.id).label("question_id"), col(question.content))
        .join(question, col(question.id) == col(answer.parent_id))
        .outerjoin(AnsweredQuestion, col(AnsweredQuestion.answer_id) == col(answer.id))
        .where(
            col(answer.role) == "assistant",
            col(AnsweredQuestion.answer_id).is_(None),
            col(answer.state) != "streaming",
        )
        .order_by(col(answer.created_at), col(answer.id))
        .limit(_BATCH)
    )
    if after is not None:
        at, id_ = after
        wanted = wanted.where(
            (col(answer.created_at) > at)
            | and_(col(answer.created_at) == at, col(answer.id) > id_),
            col(answer.created_at) >= at,  # by which the index is entered
        )
    return list(session.connection().execute(wanted))


def _noted(row: Any) -> _Noted:
    outcome = _outcome(row)
    question = {
        "answer_id": row.id,
        "question_id": row.question_id,
        "asked_at": row.created_at,
        "outcome": outcome,
        "embedder": "",
        "vector": None,
    }
    if outcome == "none":
        return _Noted(question, [], [])
    cited = {citation["document_id"] for citation in row.citations}
    return _Noted(
        question,
        [
            {"answer_id": row.id, "base_id": base_id, "asked_at": row.created_at}
            for base_id in dict.fromkeys(row.base_ids)
        ],
        [
            {"answer_id": row.id, "document_id": id_, "cited_at": row.created_at}
            for id_ in sorted(cited)
        ],
        row.content if outcome == "not_found" else "",
    )


def _outcome(row: Any) -> str:
    of_documents = row.task in _OF_DOCUMENTS and row.base_ids
    if not of_documents or row.finish_reason in _NOT_ASKED:
        return "none"
    if row.state in ("failed", "interrupted"):
        return "failed"
    return "not_found" if row.task == "qa" and row.finish_reason in _NOT_FOUND else "answered"
