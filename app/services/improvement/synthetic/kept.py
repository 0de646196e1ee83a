"""Questions that were made: a sample for a person to check, and what of them is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import SyntheticQuestion
from app.services.answers.stored_prompt import served_messages
from app.services.errors import Forbidden, NotFound
from app.services.library.bases import get_whole_base
from app.services.people.access import Access
from app.tuning.dataset import Source
from app.tuning.types import RatedAnswer

Checked = Literal["right", "wrong"]


@dataclass(frozen=True, slots=True)
class Counts:
    made: int
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class SyntheticQuestions:
    db: Database

    def sample(self, access: Access, base_id: str, count: int) -> Sequence[SyntheticQuestion]:
        """Some that nobody has checked; ids are random, so their order is. Raises NotFound,
        Forbidden."""
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
            return session.exec(
                select(SyntheticQuestion)
                .where(SyntheticQuestion.base_id == base_id, SyntheticQuestion.checked == "")
                .order_by(SyntheticQuestion.id)
                .limit(count)
            ).all()

    def check(self, access: Access, question_id: str, checked: Checked) -> None:
        """What a person found. Wrong ones are not trained on. Raises NotFound, Forbidden."""
        with self.db.write() as session:
            stored = session.get(SyntheticQuestion, question_id)
            if stored is None:
                raise NotFound("question", question_id)
            get_whole_base(session, access, stored.base_id)
            stored.checked = checked
            session.add(stored)

    def counts(self, base_id: str) -> Counts:
        with self.db.read() as session:
            found = session.exec(
                select(SyntheticQuestion.checked).where(SyntheticQuestion.base_id == base_id)
            ).all()
        return Counts(len(found), found.count("right"), found.count("wrong"))


def synthetic_sources(session: Session, access: Access) -> list[Source]:
    """Of bases that the person may see all of; without those that were found wrong."""
    stored = session.exec(
        select(SyntheticQuestion)
        .where(SyntheticQuestion.checked != "wrong")
        .order_by(col(SyntheticQuestion.created_at), SyntheticQuestion.id)
    ).all()
    whole = {id_ for id_ in {each.base_id for each in stored} if _is_whole(session, access, id_)}
    return [_source(each) for each in stored if each.base_id in whole]


def _is_whole(session: Session, access: Access, base_id: str) -> bool:
    try:
        get_whole_base(session, access, base_id)
    except (NotFound, Forbidden):
        return False
    return True


def _source(stored: SyntheticQuestion) -> Source:
    rated = RatedAnswer(
        message_id=stored.id,
        question_id=stored.id,
        base_ids=(stored.base_id,),
        prompt=served_messages(stored.prompt),
        answer=stored.answer,
        raw_output=stored.answer,
        rating="up",
        created_at=stored.created_at,
        rated_at=stored.created_at,
        model=stored.model,
        supported=True,
    )
    return Source(rated, stored.question, stored.document_name, stored.style, synthetic=True)
