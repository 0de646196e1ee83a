"""Data sets of rated and approved answers: built, kept, listed, compared.

The rows are a file in DATA_DIR/datasets, named by its content; SQL has the card. The file comes
first: a row of SQL always has its file, and one without a row is built again, byte for byte.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.files import sync_folder
from app.db.tables import (
    ApprovedAnswer,
    StoredDataSet,
    StoredFeedback,
    StoredMessage,
)
from app.services.errors import Conflict, Invalid, NotFound
from app.services.improvement.feedback import (
    AnswerWithFeedback,
    for_tuning,
    reviewable,
    trains,
    with_feedback,
)
from app.services.improvement.synthetic.kept import synthetic_sources
from app.services.people.access import Access
from app.services.people.audit import record
from app.tuning.dataset import (
    DataSet,
    Difference,
    Method,
    Source,
    build_dataset,
    differ,
    read_dataset,
)


@dataclass(frozen=True, slots=True)
class DataSets:
    """`folder` holds the files."""

    db: Database
    folder: Path

    def build(
        self,
        access: Access,
        method: Method,
        style: str,
        base_ids: Sequence[str] = (),
        *,
        synthetic: bool = False,
    ) -> StoredDataSet:
        """The data set of what is rated and approved now and the person may review, of these bases
        or of all; the one that is there where nothing has changed. `synthetic`: also questions that
        a model made. Raises Invalid where there is no row."""
        if synthetic and method != "sft":
            raise Invalid("Nobody rated what a model made: use it with sft.", code="only_sft")
        wanted = set(base_ids)
        with self.db.read() as session:
            made = synthetic_sources(session, access) if synthetic else []
            sources = [
                source
                for source in (*_sources(session, access), *made)
                if not wanted or wanted.issuperset(source.rated.base_ids)
            ]
        found = build_dataset(sources, method, style)
        if not found.part("train"):
            reasons = ", ".join(f"{n} × {reason}" for reason, n in found.left_out.items())
            raise Invalid(
                f"Nothing to train on with the style {style!r}. Left out: {reasons or 'nothing'}.",
                code="no_rows",
            )
        with self.db.read() as session:
            name = _known(session, access, found) or _name(access, found)
        self._write(name, found)
        with self.db.write() as session:
            stored = session.get(StoredDataSet, name)
            if stored is None:
                stored = StoredDataSet(
                    name=name,
                    person_id=access.person_id,
                    method=method,
                    style=style,
                    sha256=found.sha256,
                    card=found.card(),
                )
                session.add(stored)
                record(session, access, "dataset.build", "dataset", name)
        return stored

    def all(self, access: Access) -> list[StoredDataSet]:
        """The person's, newest first."""
        with self.db.read() as session:
            newest = col(StoredDataSet.created_at).desc()
            wanted = select(StoredDataSet).order_by(newest, StoredDataSet.name)
            if not access.unrestricted:
                wanted = wanted.where(StoredDataSet.person_id == access.person_id)
            return list(session.exec(wanted))

    def get(self, access: Access, name: str) -> StoredDataSet:
        """Raises NotFound, also for one that another person built: it may hold what only they may
        see."""
        stored = self._stored(name)
        if not access.unrestricted and stored.person_id != access.person_id:
            raise NotFound("data set", name)
        return stored

    def _stored(self, name: str) -> StoredDataSet:
        with self.db.read() as session:
            stored = session.get(StoredDataSet, name)
        if stored is None:
            raise NotFound("data set", name)
        return stored

    def rows(self, name: str) -> DataSet:
        """With its rows, for those who train and measure. Raises NotFound, and Conflict where the
        file is gone or was changed."""
        stored = self._stored(name)
        try:
            with self.path(name).open("rb") as lines:
                found = read_dataset(lines, stored.method, stored.style)  # type: ignore[arg-type]  # checked when it was stored
        except FileNotFoundError:
            raise Conflict(f"The rows of {name} are gone.", code="dataset_damaged") from None
        if found.sha256 != stored.sha256:
            raise Conflict(f"The rows of {name} were changed.", code="dataset_damaged")
        return found

    def compare(self, access: Access, before: str, after: str) -> Difference:
        """Raises NotFound, Conflict."""
        self.get(access, before)
        self.get(access, after)
        return differ(self.rows(before), self.rows(after))

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def _write(self, name: str, found: DataSet) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(name)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.writelines(found.lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(self.folder)


def _known(session: Session, access: Access, found: DataSet) -> str | None:
    """The name of the person's own data set with these rows. Names of earlier versions were by the
    content alone."""
    own = select(StoredDataSet.name).where(
        StoredDataSet.person_id == access.person_id,
        StoredDataSet.sha256 == found.sha256,
        StoredDataSet.method == found.method,
        StoredDataSet.style == found.style,
    )
    return session.exec(own.limit(1)).first()


def _name(access: Access, found: DataSet) -> str:
    """By content and, where several people build them, by person: one must not tell that another
    has built the same."""
    if access.unrestricted:
        return found.name
    return (
        f"{found.method}-{sha256(f'{found.sha256} {access.person_id}'.encode()).hexdigest()[:12]}"
    )


def _sources(session: Session, access: Access) -> Iterator[Source]:
    """What may become rows: rated answers, with the approved text where there is one."""
    rated = list(filter(trains, reviewable(session, access, with_feedback(session))))
    approved = _approved(session)
    for row in rated:
        text = approved.get(row.answer.id, "")
        feedback = row.feedback
        if text:
            feedback = feedback.model_copy(update={"correction": text})
        yield _source(AnswerWithFeedback(feedback, row.answer, row.question), bool(text))


def _approved(session: Session) -> Mapping[str, str]:
    """The approved text by the answer that it corrects."""
    found = session.exec(
        select(ApprovedAnswer.message_id, ApprovedAnswer.answer)
        .where(col(ApprovedAnswer.message_id).is_not(None))
        .order_by(col(ApprovedAnswer.created_at))
    )
    return {str(message_id): answer for message_id, answer in found}


def _source(row: AnswerWithFeedback, approved: bool) -> Source:
    answer = row.answer
    style = str(answer.recipe.get("prompt", "")).rpartition("/")[2]
    return Source(for_tuning(row), row.question, _document(answer, row.feedback), style, approved)


def _document(answer: StoredMessage, feedback: StoredFeedback) -> str:
    """The name of the document that answers: the one a person named, else the one cited first, else
    the first of the prompt. Without sources it is the answer itself, so that each has its own."""
    right = feedback.right_chunk_id
    for passage in answer.passages:
        if right is not None and right in _chunk_ids(passage):
            return str(passage["document_name"])
    for shown in (*answer.citations, *answer.passages):
        return str(shown["document_name"])
    return answer.id


def _chunk_ids(passage: Mapping[str, Any]) -> set[int]:
    return {passage["chunk_id"], *(part["chunk_id"] for part in passage.get("parts", ()))}
