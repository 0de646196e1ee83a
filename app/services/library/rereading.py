"""Documents that an older recipe read are read again, behind all that was uploaded.

Until then, and where it fails, the earlier reading answers. Each is tried once per recipe.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.db.engine import Database
from app.db.tables import Job, KnowledgeBase, StoredDocument
from app.services.jobs.queue import UNFINISHED
from ingest.recipe import RECIPE, changed_in

BEHIND = 10  # priority of these jobs
_AT_ONCE = 100  # jobs that wait


@dataclass(frozen=True, slots=True)
class ToRead:
    """Documents that an older recipe read: those still to be read again, and those with which that
    failed."""

    waiting: int
    failed: int


@dataclass(slots=True)
class Rereading:
    """`embedder`: bases with another one are left out, as they can't be written to now. `recipe` is
    the present one; `changed_in` says which one last changed how a file of some name is read."""

    db: Database
    embedder: str
    recipe: int = RECIPE
    changed_in: Callable[[str], int] = changed_in
    _all_queued: bool = False

    def enqueue(self) -> int:
        """Queue some of these documents, so that at most a hundred wait. Returns how many."""
        if self._all_queued:
            return 0
        with self.db.read() as session:
            self._all_queued = session.exec(self._outdated().limit(1)).first() is None
            room = _AT_ONCE - _count_waiting(session)
        if self._all_queued or room <= 0:
            return 0
        with self.db.write() as session:
            queued = 0
            found = self._outdated().limit(room).with_for_update(skip_locked=True)
            for document in session.exec(found).all():
                document.recipe_tried = self.recipe
                if document.recipe < self.changed_in(document.name):
                    session.add(Job(document_id=document.id, priority=BEHIND))
                    queued += 1
                else:
                    document.recipe = self.recipe  # which reads it as the older one did
                session.add(document)
            return queued

    def _outdated(self) -> SelectOfScalar[StoredDocument]:
        """Those that were not tried yet."""
        bases = select(KnowledgeBase.id).where(KnowledgeBase.embedder == self.embedder)
        return select(StoredDocument).where(
            _is_outdated(self.recipe),
            StoredDocument.recipe_tried < self.recipe,
            col(StoredDocument.base_id).in_(bases),
        )


def to_read(db: Database, recipe: int = RECIPE) -> ToRead:
    """How many documents are still to be read again, and with how many that failed."""
    kept = col(StoredDocument.base_id).in_(select(KnowledgeBase.id))
    going_on = select(Job.document_id).where(col(Job.state).in_(UNFINISHED))
    with db.read() as session:
        outdated = select(func.count()).where(_is_outdated(recipe), kept)
        failed = outdated.where(
            StoredDocument.recipe_tried >= recipe, col(StoredDocument.id).not_in(going_on)
        )
        found, not_read = session.exec(outdated).one(), session.exec(failed).one()
    return ToRead(found - not_read, not_read)


def _is_outdated(recipe: int) -> ColumnElement[bool]:
    return (col(StoredDocument.state) == "ready") & (col(StoredDocument.recipe) < recipe)


def _count_waiting(session: Session) -> int:
    query = select(func.count()).where(
        col(Job.state).in_(UNFINISHED), col(Job.priority) == BEHIND, col(Job.kind) == "ingest"
    )
    return session.exec(query).one()
