"""Approved answers: a person's answer, given to the same question the next time.

A corrected answer, or a pair written by hand. It is given only for the bases it was approved for,
to a question that asks the same (`app/rag/same_question.py`), and only while what it rests on
stands: `approved_sources.py` watches the cited spans.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, exists, select

from app.db.engine import Database
from app.db.tables import (
    ApprovedAnswer,
    ApprovedBase,
    StoredDocument,
    StoredFeedback,
    StoredMessage,
)
from app.metrics import STAGE_SECONDS
from app.rag.grounding.check import Checker
from app.rag.grounding.statements import without_markers
from app.rag.same_question import SAME_WORDS_FROM, differ, same_from
from app.rag.types import Passage, Scope
from app.services.answers.recipe import normalised
from app.services.answers.stored_prompt import passage_from
from app.services.errors import Invalid, NotFound
from app.services.improvement.approved_sources import Standing, sources_of, standing
from app.services.improvement.feedback import get_reviewed
from app.services.library.bases import get_base
from app.services.people.access import Access, Role
from app.services.people.audit import record
from app.services.people.grants import is_withheld, roles_in, scope_of, visible_documents
from ingest.embedding.embedder import Embedder, Vectors
from ingest.errors import IngestError

log = logging.getLogger(__name__)

FindPassages = Callable[[str, Scope], Sequence[Passage]]  # for a question

_LOOKED_AT = 5  # nearest questions


@dataclass(frozen=True, slots=True)
class ApprovedView:
    """An approved answer, and whether it is given: `standing` is `current`, or why it is not."""

    approved: ApprovedAnswer
    base_ids: tuple[str, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    question: str
    embedder: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class Approved:
    db: Database
    embedder: Embedder
    checker: Checker
    passages: FindPassages

    def all(self, access: Access, base_id: str = "") -> list[ApprovedView]:
        """Whose bases and sources the person may see, newest first; of one base, or of all."""
        with self.db.read() as session:
            wanted = select(ApprovedAnswer).order_by(
                col(ApprovedAnswer.created_at).desc(), col(ApprovedAnswer.id)
            )
            if base_id:
                wanted = wanted.where(_of_base(base_id))
            views = [_view(session, each) for each in session.exec(wanted).all()]
            return _visible(session, access, views)

    def approve(self, access: Access, message_id: str) -> ApprovedView:
        """The correction of a rated answer, or the answer itself if it was rated up.

        Raises NotFound, Forbidden for readers, Invalid.
        """
        with self.db.read() as session:
            answer = get_reviewed(session, access, message_id)
            feedback = session.get(StoredFeedback, message_id)
            if answer.role != "assistant" or feedback is None:
                raise Invalid("Only rated answers can be approved.", code="not_rated")
            asked = session.get_one(StoredMessage, answer.parent_id)
            text = feedback.correction.strip()
            if not text and feedback.rating == "up":
                text = answer.content
        if not text:
            raise Invalid("Write the correct answer first.", code="no_correction")
        right = feedback.right_chunk_id
        shown = [passage_from(stored) for stored in answer.passages]
        shown.sort(key=lambda passage: right not in _chunk_ids(passage))  # stable
        return self._store(access, asked.content, text, answer.base_ids, shown, message_id)

    def add(
        self, access: Access, question: str, answer: str, base_ids: Sequence[str]
    ) -> ApprovedView:
        """A pair written by hand. Raises NotFound, Forbidden, Invalid, and IngestError from the
        embedder."""
        if not question.strip() or not answer.strip() or not base_ids:
            raise Invalid("Question, answer and a knowledge base are needed.", code="incomplete")
        return self._store(access, question.strip(), answer.strip(), base_ids, (), None)

    def remove(self, access: Access, approved_id: str) -> None:
        """Withdraw it; answers that gave it stay. Raises NotFound, Forbidden."""
        with self.db.write() as session:
            stored = session.get(ApprovedAnswer, approved_id)
            view = _visible(session, access, [_view(session, stored)]) if stored else []
            if not view:
                raise NotFound("approved answer", approved_id)
            for base_id in view[0].base_ids:
                get_base(session, access, base_id, Role.EDITOR)
            session.delete(stored)
            record(session, access, "approved.withdraw", "approved", approved_id)

    def find(self, question: str, scope: Scope) -> ApprovedAnswer | None:
        """The approved answer to this question in these bases, if there is one that stands and
        rests on nothing that is withheld."""
        with STAGE_SECONDS.labels("approved").time(), self.db.read() as session:
            for known in self._nearest(question, _known(session, scope.base_ids)):
                approved = session.get(ApprovedAnswer, known.id)
                if approved is None or standing(session, approved.sources) != "current":
                    continue
                if not _rests_on_withheld(session, approved, scope):
                    return approved
        return None

    def _nearest(self, question: str, known: Sequence[_Known]) -> list[_Known]:
        """Those that ask the same, best first. The very same question needs no vector."""
        asked = normalised(question)
        same = [each for each in known if normalised(each.question) == asked]
        own = [each for each in known if each.embedder == self.embedder.name]
        if same or not own:
            return same
        try:
            vector = self._embed(question)
        except IngestError as error:
            log.warning("approved answers cannot be looked up: %s", error)
            return []
        cosines = np.stack([np.frombuffer(each.vector, "<f4") for each in own]) @ vector
        return [
            own[i]
            for i in np.argsort(-cosines)[:_LOOKED_AT]
            if cosines[i] >= SAME_WORDS_FROM
            and not differ(question, own[i].question)
            and cosines[i] >= same_from(question, own[i].question)
        ]

    def _store(
        self,
        access: Access,
        question: str,
        answer: str,
        base_ids: Sequence[str],
        shown: Sequence[Passage],
        message_id: str | None,
    ) -> ApprovedView:
        """In place of what was approved for the same question and bases before, as far as the
        person may see it."""
        with self.db.read() as session:
            for base_id in base_ids:
                get_base(session, access, base_id, Role.EDITOR)
            scope = scope_of(session, access, base_ids)
        answer = without_markers(answer).strip()
        passages, checks = self._supported(question, answer, scope, shown)
        vector = self._embed(question).astype("<f4").tobytes()
        with self.db.write() as session:
            same = [
                _view(session, session.get_one(ApprovedAnswer, known.id))
                for known in _known(session, base_ids)
                if normalised(known.question) == normalised(question)
            ]
            for before in _visible(session, access, same):
                session.delete(before.approved)
            approved = ApprovedAnswer(
                question=question,
                answer=answer,
                embedder=self.embedder.name,
                vector=vector,
                sources=sources_of(session, passages, checks),
                passages=[asdict(passage) for passage in passages],
                checks=checks,
                message_id=message_id,
            )
            session.add(approved)
            session.flush()
            for base_id in {passage.base_id for passage in passages} or set(base_ids):
                session.add(ApprovedBase(approved_id=approved.id, base_id=base_id))
            session.flush()
            record(session, access, "approved.approve", "approved", approved.id)
            return _view(session, approved)

    def _supported(
        self, question: str, answer: str, scope: Scope, shown: Sequence[Passage]
    ) -> tuple[list[Passage], list[dict[str, Any]]]:
        """The passages that support the answer and the verdicts that say so: among those shown,
        else among those found now. Where none is seen to, the best one, so that something is
        watched. A person approved the rest: no verdict stands against it."""
        for passages in self._places(question, answer, scope, shown):
            checks = self.checker.check(question, answer, passages)
            used = {source.marker for check in checks for source in check.sources}
            kept = [passages[marker - 1] for marker in sorted(used)]
            held = self.checker.check(question, answer, kept)
            found = [asdict(c) for c in held if c.verdict in ("supported", "computed")]
            if found:
                return kept, found
        best = shown or self.passages(question, scope)
        return list(best[:1]), []

    def _places(
        self, question: str, answer: str, scope: Scope, shown: Sequence[Passage]
    ) -> Iterator[Sequence[Passage]]:
        yield shown
        yield self.passages(f"{question}\n{answer}", scope)

    def _embed(self, question: str) -> Vectors:
        vector: Vectors = self.embedder.embed([question], kind="query")[0]
        return vector


def _chunk_ids(passage: Passage) -> set[int]:
    return {passage.chunk_id, *(part.chunk_id for part in passage.parts)}


def _known(session: Session, base_ids: Sequence[str]) -> list[_Known]:
    """Approved for bases that are all among these; without their texts, which nobody needs yet."""
    own = col(ApprovedBase.approved_id) == col(ApprovedAnswer.id)
    inside = exists().where(own, col(ApprovedBase.base_id).in_(base_ids))
    outside = exists().where(own, col(ApprovedBase.base_id).not_in(base_ids))
    columns = (
        col(ApprovedAnswer.id),
        col(ApprovedAnswer.question),
        col(ApprovedAnswer.embedder),
        col(ApprovedAnswer.vector),
    )
    rows = session.connection().execute(sa_select(*columns).where(inside, ~outside))
    return [_Known(*row) for row in rows]


def _visible(session: Session, access: Access, views: Sequence[ApprovedView]) -> list[ApprovedView]:
    if access.unrestricted:
        return list(views)
    roles = roles_in(session, access)
    sources = {view.approved.id: _documents(view.approved) for view in views}
    visible = visible_documents(session, access, set[str]().union(*sources.values()))
    return [
        view
        for view in views
        if roles.keys() >= set(view.base_ids) and sources[view.approved.id] <= visible
    ]


def _rests_on_withheld(session: Session, approved: ApprovedAnswer, scope: Scope) -> bool:
    withheld = select(StoredDocument.id).where(
        col(StoredDocument.id).in_(_documents(approved)), is_withheld(scope.withheld)
    )
    return bool(scope.withheld) and session.exec(withheld).first() is not None


def _documents(approved: ApprovedAnswer) -> set[str]:
    """Whose text it shows."""
    return {each["document_id"] for each in (*approved.sources, *approved.passages)}


def _of_base(base_id: str) -> ColumnElement[bool]:
    return exists().where(
        col(ApprovedBase.approved_id) == col(ApprovedAnswer.id),
        col(ApprovedBase.base_id) == base_id,
    )


def _view(session: Session, approved: ApprovedAnswer) -> ApprovedView:
    bases = session.exec(
        select(ApprovedBase.base_id)
        .where(ApprovedBase.approved_id == approved.id)
        .order_by(ApprovedBase.base_id)
    ).all()
    return ApprovedView(approved, tuple(bases), standing(session, approved.sources))
