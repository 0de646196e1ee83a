"""Knowledge gaps: what people asked and no document answered, the same questions together.

A question belongs to who asked it, and conversations are read by nobody else. A gap shows the words
of a question only to the editors of all bases that it was asked of, and only once two others asked
it, or one of them rated the answer, which shows it to those editors anyway, or where it is the
reader's own: who asks the same must not learn by it how another one put it. Of several wordings it
shows the shortest; never who asked.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.db.engine import Database
from app.db.tables import (
    AnsweredQuestion,
    AskedBase,
    Conversation,
    StoredFeedback,
    StoredMessage,
    utc_now,
)
from app.rag.same_question import SAME_WORDS_FROM, differ, same_from
from app.rag.types import Scope
from app.services.answers.approved_answer import FindApproved
from app.services.answers.recipe import normalised
from app.services.errors import NotFound
from app.services.improvement.feedback import reviewable, with_feedback
from app.services.insight.noting import Noting
from app.services.insight.period import Period, edited
from app.services.people.access import Access

SHOWN_FROM = 2  # people besides the reader who asked the same
_NEWEST = 3000  # questions that are looked at
_LISTED = 30  # gaps


@dataclass(frozen=True, slots=True)
class Gap:
    """`id` is one of its answers; `answered`: a person approved an answer since."""

    id: str
    question: str
    times: int
    people: int
    base_ids: tuple[str, ...]
    last_asked_on: date
    answered: bool = False


@dataclass(frozen=True, slots=True)
class GapsPage:
    """`not_shown`: how many questions were asked by one person each."""

    gaps: list[Gap]
    not_shown: int


@dataclass(slots=True)
class _Unanswered:
    answer_id: str
    question_id: str
    asked_at: datetime
    person_id: str
    text: str
    embedder: str
    vector: bytes | None
    rated: bool = False
    bases: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Gaps:
    db: Database
    noting: Noting
    approved: FindApproved

    def page(self, access: Access, period: Period, base_id: str = "") -> GapsPage:
        """Most asked first. Raises NotFound, Forbidden."""
        self.noting.catch_up()
        with self.db.read() as session:
            groups = _groups(session, access, period, base_id)
        shown = [(group, one) for group in groups if (one := _shown(access, group)) is not None]
        shown.sort(key=lambda each: (_people(each[0]), len(each[0]), each[1].asked_at))
        gaps = [self._gap(group, one) for group, one in reversed(shown[-_LISTED:])]
        return GapsPage(gaps, len(groups) - len(shown))

    def settle(self, access: Access, period: Period, gap_id: str) -> None:
        """It is no gap any more, unless somebody asks again. Raises NotFound."""
        with self.db.read() as session:
            groups = _groups(session, access, period, "")
        for group in groups:
            ids = [each.answer_id for each in group]
            if gap_id in ids and _shown(access, group) is not None:
                break
        else:
            raise NotFound("gap", gap_id)
        with self.db.write() as session:
            named = col(AnsweredQuestion.answer_id).in_(ids)
            session.exec(update(AnsweredQuestion).where(named).values(settled_at=utc_now()))

    def _gap(self, group: Sequence[_Unanswered], one: _Unanswered) -> Gap:
        bases = tuple(sorted(set[str]().union(*(each.bases for each in group))))
        return Gap(
            one.answer_id,
            one.text,
            len({each.question_id for each in group}),
            _people(group),
            bases,
            max(each.asked_at for each in group).date(),
            self.approved(one.text, Scope(bases)) is not None,
        )


def _people(group: Sequence[_Unanswered]) -> int:
    return len({each.person_id for each in group})


def _shown(access: Access, group: Sequence[_Unanswered]) -> _Unanswered | None:
    """The question whose words the person may read, if there is one; the shortest of them says
    least of who asked."""
    others = [each for each in group if each.person_id != access.person_id]
    if access.unrestricted or _people(others) >= SHOWN_FROM:
        readable = list(group)
    else:
        readable = [each for each in group if each.rated or each.person_id == access.person_id]
    return min(readable, key=lambda each: (len(each.text), each.answer_id), default=None)


def _groups(
    session: Session, access: Access, period: Period, base_id: str
) -> list[list[_Unanswered]]:
    edits = set(edited(session, access))
    among = set(edited(session, access, base_id)) if base_id else edits
    # Whoever sees a question edits all bases that it was asked of.
    found = [each for each in _unanswered(session, period, among) if each.bases <= edits]
    rated = _rated(session, access, found)
    for each in found:
        each.rated = each.answer_id in rated
    return _together(found)


def _unanswered(session: Session, period: Period, among: set[str]) -> list[_Unanswered]:
    """Questions of the period to these bases, newest first, that no variant of the answer has
    answered."""
    question, better = aliased(StoredMessage), aliased(AnsweredQuestion)
    wanted = (
        select(
            col(AnsweredQuestion.answer_id),
            col(AnsweredQuestion.question_id),
            col(AnsweredQuestion.asked_at),
            col(Conversation.owner_id),
            col(question.content),
            col(AnsweredQuestion.embedder),
            col(AnsweredQuestion.vector),
        )
        .join(question, col(question.id) == col(AnsweredQuestion.question_id))
        .join(Conversation, col(Conversation.id) == col(question.conversation_id))
        .where(
            col(AnsweredQuestion.asked_at) >= period.since,
            col(AnsweredQuestion.outcome) == "not_found",
            col(AnsweredQuestion.settled_at).is_(None),
            exists().where(
                col(AskedBase.answer_id) == col(AnsweredQuestion.answer_id),
                col(AskedBase.base_id).in_(among),
            ),
            ~exists().where(
                col(better.question_id) == col(AnsweredQuestion.question_id),
                col(better.outcome) == "answered",
            ),
        )
        .order_by(col(AnsweredQuestion.asked_at).desc())
        .limit(_NEWEST)
    )
    rows = session.connection().execute(wanted)
    found = {row.answer_id: _Unanswered(*row) for row in rows}
    asked = select(col(AskedBase.answer_id), col(AskedBase.base_id))
    named = asked.where(col(AskedBase.answer_id).in_(found))
    for answer_id, base_id in session.connection().execute(named):
        found[answer_id].bases.add(base_id)
    return list(found.values())


def _rated(session: Session, access: Access, found: Sequence[_Unanswered]) -> set[str]:
    """Those whose rated answer the person may review."""
    named = col(StoredFeedback.message_id).in_([each.answer_id for each in found])
    return {row.answer.id for row in reviewable(session, access, with_feedback(session, named))}


def _together(questions: Sequence[_Unanswered]) -> list[list[_Unanswered]]:
    """Those that ask the same of the same bases."""
    groups: list[list[_Unanswered]] = []
    by_words: dict[tuple[str, frozenset[str]], list[_Unanswered]] = {}
    by_meaning: dict[tuple[str, frozenset[str]], _Heads] = defaultdict(_Heads)
    for each in questions:
        bases = frozenset(each.bases)
        words, heads = (normalised(each.text), bases), by_meaning[each.embedder, bases]
        group = by_words.get(words)
        if group is None and each.vector is not None:
            group = heads.nearest(each.text, np.frombuffer(each.vector, "<f4"))
        if group is None:
            groups.append(group := [])
            if each.vector is not None:
                heads.add(group, np.frombuffer(each.vector, "<f4"))
        group.append(each)
        by_words[words] = group
    return groups


class _Heads:
    """The first question of each group, and their vectors `(n, dim)`."""

    def __init__(self) -> None:
        self._groups: list[list[_Unanswered]] = []
        self._vectors = np.empty((0, 0), np.float32)

    def add(self, group: list[_Unanswered], vector: NDArray[np.float32]) -> None:
        count = len(self._groups)
        if count == len(self._vectors):
            grown = np.zeros((max(64, 2 * count), len(vector)), np.float32)
            grown[:count] = self._vectors[:count] if count else 0
            self._vectors = grown
        self._vectors[count] = vector
        self._groups.append(group)

    def nearest(self, text: str, vector: NDArray[np.float32]) -> list[_Unanswered] | None:
        """The group that asks the same."""
        if not self._groups:
            return None
        cosines = self._vectors[: len(self._groups)] @ vector
        for place in np.argsort(-cosines):
            if cosines[place] < SAME_WORDS_FROM:
                return None
            head = self._groups[place][0].text
            if not differ(head, text) and cosines[place] >= same_from(head, text):
                return self._groups[place]
        return None
