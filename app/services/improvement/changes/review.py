"""Changed answers for who reviews a base: what is shown of them, and to whom."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import Conversation, Job, Recording, StoredDocument, StoredMessage
from app.services.improvement.changes.compare import Changed, Comparison
from app.services.improvement.changes.recordings import Recordings
from app.services.library.bases import get_whole_base
from app.services.people.access import Access


@dataclass(frozen=True, slots=True)
class Shown:
    """`newest`: the last recording; `compared` with the accepted one, where that is another.
    `job`: the last that was to record, `documents`: names by id, of those still there.

    A real question belongs to who asked it. `compared` has those of the person who looks;
    `others_changed` and `others_worse` count the rest.
    """

    newest: Recording | None
    job: Job | None
    compared: Comparison | None
    documents: dict[str, str]
    others_changed: int = 0
    others_worse: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """Raises NotFound and Forbidden for all but editors who may see all of the base's documents:
    answers are recorded from all of them."""

    db: Database

    @property
    def recordings(self) -> Recordings:
        return Recordings(self.db)

    def read(self, access: Access, base_id: str) -> Shown:
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
            queued = select(Job).where(Job.kind == "record", Job.base_id == base_id)
            job = session.exec(queued.order_by(col(Job.created_at).desc()).limit(1)).first()
        newest, found = self.recordings.newest(base_id), self.recordings.compared(base_id)
        if found is None:
            return Shown(newest, job, None, {})
        with self.db.read() as session:
            own_ids = _own(session, access, found.changed)
            own = tuple(each for each in found.changed if each.message_id in own_ids)
            rest = [each for each in found.changed if each.message_id not in own_ids]
            names = _names(session, own)
        shown = Comparison(found.asked, own, found.settings)
        worse = sum(each.verdict == "worse" for each in rest)
        return Shown(newest, job, shown, names, len(rest), worse)

    def measure(self, access: Access, base_id: str) -> Job:
        """Queue a recording for the worker; the one that waits already, if it does."""
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
        return self.recordings.start(base_id, access)

    def accept(self, access: Access, base_id: str, recording_id: str) -> Recording:
        """Later answers are compared with these. Raises Conflict where there are newer ones, or
        they are accepted already."""
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
        return self.recordings.accept(access, base_id, recording_id)


def _own(session: Session, access: Access, changed: Collection[Changed]) -> frozenset[str | None]:
    """Ids of the real questions that the person asked; None of the base's own questions."""
    asked = {each.message_id for each in changed}
    if access.unrestricted:
        return frozenset(asked)
    if "ask" not in access.scopes:  # a key that reads no conversations
        return frozenset((None,))
    own = (
        select(StoredMessage.id)
        .join(Conversation, col(Conversation.id) == col(StoredMessage.conversation_id))
        .where(col(StoredMessage.id).in_(asked - {None}), Conversation.owner_id == access.person_id)
    )
    return frozenset((None, *session.exec(own)))


def _names(session: Session, changed: Collection[Changed]) -> dict[str, str]:
    ids = {key for each in changed for key in (*each.documents_before, *each.documents_after)}
    wanted = select(StoredDocument.id, StoredDocument.name).where(col(StoredDocument.id).in_(ids))
    return dict(session.exec(wanted).all())
