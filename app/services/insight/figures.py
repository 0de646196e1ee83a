"""How much a base is asked, how often in vain, what people think, which documents serve."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.db.engine import Database
from app.db.tables import (
    AnsweredQuestion,
    AskedBase,
    CitedDocument,
    KnowledgeBase,
    StoredDocument,
    StoredFeedback,
)
from app.services.insight.noting import Noting
from app.services.insight.period import Period, edited
from app.services.people.access import Access
from app.services.people.grants import is_withheld, roles_in, withheld_from

_DOCUMENTS = 10


@dataclass(slots=True)
class Counts:
    """`asked`: questions; a regenerated answer makes no second one. `not_found`: those of them that
    no answer was found to; `failed`: those whose answer broke off. `up` and `down` are ratings."""

    asked: int = 0
    not_found: int = 0
    failed: int = 0
    up: int = 0
    down: int = 0

    def add(self, asked: "_Asked") -> None:
        self.asked += 1
        self.not_found += asked.outcome == "not_found"
        self.failed += asked.outcome == "failed"
        self.up += asked.rating == "up"
        self.down += asked.rating == "down"


@dataclass(slots=True)
class _Asked:
    """A question: answered where one of its answers was."""

    at: datetime
    outcome: str = ""
    rating: str | None = None
    bases: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class BaseFigures:
    base_id: str
    name: str
    counts: Counts
    last_asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cited:
    """`answers`: how many cite the document, in any of its versions."""

    document_id: str
    name: str
    base_id: str
    answers: int


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """`whole`: the days are those of the whole installation, for administrators; bases and
    documents are the person's in any case."""

    whole: bool
    total: Counts
    days: list[tuple[date, Counts]]
    bases: list[BaseFigures]
    documents: list[Cited]


@dataclass(frozen=True, slots=True)
class Figures:
    db: Database
    noting: Noting

    def page(self, access: Access, period: Period, base_id: str = "") -> FiguresPage:
        """Of one base, or of all that the person edits. Raises NotFound, Forbidden."""
        self.noting.catch_up()
        with self.db.read() as session:
            bases = edited(session, access, base_id)
            whole = access.admin and not access.key_id and not base_id
            asked = _asked(session, period, None if whole else bases)
            names = _names(session, bases)
            documents = _cited(session, access, period, bases)
        days = {day: Counts() for day in period.dates()}
        total = Counts()
        by_base: dict[str, Counts] = {id_: Counts() for id_ in names}
        last: dict[str, datetime] = {}
        for question in asked:
            total.add(question)
            day = question.at.astimezone(period.zone).date()
            days[day if day in days else period.dates()[-1]].add(question)  # it is past midnight
            for id_ in question.bases & by_base.keys():
                by_base[id_].add(question)
                last[id_] = max(question.at, last.get(id_, question.at))
        return FiguresPage(
            whole,
            total,
            list(days.items()),
            sorted(
                (BaseFigures(id_, names[id_], c, last.get(id_)) for id_, c in by_base.items()),
                key=lambda base: (-base.counts.asked, base.name),
            ),
            documents,
        )


def _asked(session: Session, period: Period, bases: Sequence[str] | None) -> list[_Asked]:
    """Questions of the period, to these bases or to any."""
    wanted = (
        select(
            col(AnsweredQuestion.question_id),
            col(AnsweredQuestion.asked_at),
            col(AnsweredQuestion.outcome),
            col(AskedBase.base_id),
            col(StoredFeedback.rating),
        )
        .join(AskedBase, col(AskedBase.answer_id) == col(AnsweredQuestion.answer_id))
        .outerjoin(StoredFeedback, col(StoredFeedback.message_id) == col(AskedBase.answer_id))
    )
    if bases is None:
        wanted = wanted.where(col(AnsweredQuestion.asked_at) >= period.since)
    else:
        wanted = wanted.where(
            col(AskedBase.base_id).in_(bases), col(AskedBase.asked_at) >= period.since
        )
    found: dict[str, _Asked] = {}
    for question_id, at, outcome, base_id, rating in session.connection().execute(wanted):
        asked = found.setdefault(question_id, _Asked(at))
        asked.outcome = min(filter(None, (asked.outcome, outcome)), key=_BEST_FIRST.index)
        asked.rating = rating or asked.rating
        asked.bases.add(base_id)
    return list(found.values())


_BEST_FIRST = ("answered", "not_found", "failed")


def _names(session: Session, bases: Sequence[str]) -> dict[str, str]:
    wanted = select(col(KnowledgeBase.id), col(KnowledgeBase.name)).where(
        col(KnowledgeBase.id).in_(bases), col(KnowledgeBase.expires_at).is_(None)
    )
    return dict(session.connection().execute(wanted).all())


def _cited(session: Session, access: Access, period: Period, bases: Sequence[str]) -> list[Cited]:
    """The documents that most answers cite, those first; without what the person may not see."""
    withheld = withheld_from(session, access, roles_in(session, access, bases))
    current, version = StoredDocument, aliased(StoredDocument)
    answers = func.count(col(CitedDocument.answer_id).distinct())
    wanted = (
        select(col(current.id), col(current.name), col(current.base_id), answers)
        .join(version, col(version.series_id) == col(current.series_id))
        .join(
            CitedDocument,
            and_(
                col(CitedDocument.document_id) == col(version.id),
                col(CitedDocument.cited_at) >= period.since,
            ),
        )
        .where(
            col(current.base_id).in_(bases),
            col(current.state) == "ready",
            ~is_withheld(withheld),
        )
        .group_by(col(current.id), col(current.name), col(current.base_id))
        .order_by(answers.desc(), col(current.name))
        .limit(_DOCUMENTS)
    )
    return [Cited(*row) for row in session.connection().execute(wanted)]


def last_cited(session: Session, base_id: str) -> dict[str, datetime]:
    """When each ready document of the base was cited last, in any version, by its id; those that
    never were are missing."""
    current, version = StoredDocument, aliased(StoredDocument)
    wanted = (
        select(col(current.id), func.max(col(CitedDocument.cited_at)))
        .join(version, col(version.series_id) == col(current.series_id))
        .join(CitedDocument, col(CitedDocument.document_id) == col(version.id))
        .where(col(current.base_id) == base_id, col(current.state) == "ready")
        .group_by(col(current.id))
    )
    return dict(session.connection().execute(wanted).all())
