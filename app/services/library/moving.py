"""Documents that go to another knowledge base, alone or as a copy."""

from dataclasses import dataclass

from sqlmodel import Session, select

from app.db.engine import Database
from app.db.files import FileStore, StoredFile
from app.db.tables import PathRestriction, StoredDocument
from app.services.errors import Conflict, NotFound
from app.services.library.bases import lock_base
from app.services.library.documents import (
    PURGED_AT_ONCE,
    DocumentView,
    get_document,
    may_write,
    view_of,
)
from app.services.library.paths import paths_of
from app.services.library.removal import Purge, remove_document
from app.services.library.versions import all_versions, read_again, take_in
from app.services.people.access import Access, Role
from app.services.people.audit import record
from app.services.people.grants import is_withheld


@dataclass(frozen=True, slots=True)
class Moving:
    db: Database
    files: FileStore

    def move(
        self, access: Access, document_id: str, base_id: str, *, keep: bool = False
    ) -> DocumentView:
        """Make the document's bytes a document of another base, which reads them itself; where it
        has them already, they get the document's paths there. Unless `keep`, the document leaves
        its base, with its earlier versions.

        Raises NotFound; Forbidden unless the person edits both bases (where it is kept, only the
        other); and Conflict where it is in that base, where a newer version waits that would be
        left behind, or where it is restricted: what keeps people from it would not go along.
        """
        with self.db.write() as session:
            role = Role.READER if keep else Role.EDITOR
            document = get_document(session, access, document_id, role)
            source_id = document.base_id
            if base_id == source_id:
                raise Conflict(f"{document.name} is in this knowledge base.", code="same_base")
            for each in sorted((source_id, base_id)):  # in one order, or two moves would deadlock
                lock_base(session, each)
            session.refresh(document)
            if document.base_id != source_id:  # removed or moved just now
                raise NotFound("document", document_id)
            if _is_restricted(session, document):
                raise Conflict(
                    f"{document.name} is restricted. Lift the restriction first.",
                    code="document_restricted",
                )
            if not keep and _has_newer(session, document):
                raise Conflict(
                    f"A newer version of {document.name} is not ready. Wait for it, or remove it.",
                    code="newer_version",
                )
            moved = self._take_in(session, access, document, base_id)
            action = "document.copy" if keep else "document.move"
            record(session, access, action, "document", document_id, base=source_id, to=base_id)
            if not keep:
                remove_document(session, document)
            view = view_of(session, moved)
        if not keep:
            Purge(self.db, self.files).begin(PURGED_AT_ONCE)
        return view

    def _take_in(
        self, session: Session, access: Access, document: StoredDocument, base_id: str
    ) -> StoredDocument:
        file = StoredFile(document.sha256, document.size_bytes)
        for at in paths_of(session, document.id) or (document.path,):  # superseded ones have none
            withheld = may_write(session, access, base_id, at)
            moved, _ = take_in(session, self.files, base_id, at, file, withheld)
        if moved.state == "failed":  # the other base has them, but could not read them
            read_again(session, moved)
        return moved


def _is_restricted(session: Session, document: StoredDocument) -> bool:
    of_base = select(PathRestriction.id).where(PathRestriction.base_id == document.base_id)
    covered = select(StoredDocument.id).where(
        StoredDocument.id == document.id, is_withheld(session.exec(of_base).all())
    )
    return session.exec(covered).first() is not None


def _has_newer(session: Session, document: StoredDocument) -> bool:
    """Whether one that isn't ready would be removed with the version that answers."""
    others = all_versions(session, document) if document.state == "ready" else []
    return any(each.id != document.id and each.state != "superseded" for each in others)
