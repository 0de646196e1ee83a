"""Removing documents and bases: out of sight in one short commit, out of the tables afterwards.

A removed document keeps its rows but belongs to no base any more (`NOWHERE`); a removed base has
no row, and `removed_base` lists it as long as documents still carry its id. Whatever looks a
document up through its base finds neither. Chunks, vectors, terms, texts and bytes are deleted
afterwards, a slice at a time, so that the write lock is never held for long. The next `Purge` goes
on where one was interrupted.
"""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from app.db.engine import Database, lock_files
from app.db.errors import FilesUnavailable, StorageFull
from app.db.files import FileStore
from app.db.tables import (
    NOWHERE,
    ChunkTombstone,
    DocumentPath,
    Job,
    LexicalRemoval,
    RemovedBase,
    StoredChunk,
    StoredDocument,
)
from app.services.errors import NotFound
from app.services.library.bases import lock_base, next_sequence
from app.services.library.chunks import erase, erase_terms, withdraw
from app.services.library.versions import all_versions

log = logging.getLogger(__name__)

# Rows of one commit. One of 25 chunks takes 10 ms on a busy machine, 50 take 17: most of it is FTS5
# writing a segment, and now and then 0.2 s while it merges some.
_CHUNKS = 25
_DOCUMENTS = 50
_FILES = 100
_TOMBSTONES = 2000


def remove_document(session: Session, document: StoredDocument) -> None:
    """Take the document out of its base, and with the version that answers all earlier ones.

    Raises NotFound where somebody else just did.
    """
    lock_base(session, document.base_id)
    session.refresh(document)
    if document.base_id == NOWHERE:
        raise NotFound("document", document.id)
    gone = all_versions(session, document) if document.state == "ready" else [document]
    searched = [each.id for each in gone if each.state != "superseded"]
    if searched:
        sequence = next_sequence(session, document.base_id)
        withdraw(session, document.base_id, searched, sequence)
    ids = [each.id for each in gone]
    # Documents before their jobs, as `held` of the queue does; the other order would deadlock.
    leaving = update(StoredDocument).where(col(StoredDocument.id).in_(ids))
    session.exec(leaving.values(base_id=NOWHERE))
    session.exec(delete(DocumentPath).where(col(DocumentPath.document_id).in_(ids)))
    session.exec(delete(Job).where(col(Job.document_id).in_(ids)))


def remove_base(session: Session, base_id: str) -> None:
    """Take the base away with everything in it. Raises NotFound."""
    base = lock_base(session, base_id)
    unfinished = col(Job.state).in_(("queued", "running"))
    documents = select(StoredDocument.id).where(
        StoredDocument.base_id == base_id,
        col(StoredDocument.id).in_(select(Job.document_id).where(unfinished)),
    )
    session.exec(documents.with_for_update()).all()  # before their jobs, as above
    session.exec(delete(Job).where(unfinished, col(Job.document_id).in_(documents)))
    session.delete(base)
    session.add(RemovedBase(id=base_id))


def drop_unused_files(db: Database, files: FileStore, sums: Iterable[str]) -> bool:
    """Remove the bytes with these SHA-256 that no document refers to any more. False where their
    store could not be reached, which takes long to notice.

    Those that stay, or that a power cut brings back, are found later as files of no document.
    """
    left = list(sums)
    for begin in range(0, len(left), _FILES):
        some = left[begin : begin + _FILES]
        with db.write() as session:
            lock_files(session, exclusive=True)  # no upload may refer to them meanwhile
            query = select(StoredDocument.sha256).where(col(StoredDocument.sha256).in_(some))
            used = set(session.exec(query))
            try:
                files.delete(*(set(some) - used))
            except FilesUnavailable as error:
                log.warning("files of no document stay for now: %s", error)
                return False
            except OSError as error:
                log.warning("a file of no document stays for now: %s", error)
    return True


@dataclass(frozen=True, slots=True)
class Purge:
    """Deletes what removed documents and bases left, and the terms of superseded versions."""

    db: Database
    files: FileStore

    def run(self, slices: int) -> None:
        """Delete for up to that many short commits. In between it keeps away for as long as each
        took, since SQLite does not let writers take turns."""
        for number in range(slices):
            began = time.monotonic()
            if not self._waiting():
                return
            if not self._slice():
                return
            if number + 1 < slices:
                time.sleep(time.monotonic() - began)

    def begin(self, slices: int) -> None:
        """The same right after a removal, which stands even where this fails."""
        try:
            self.run(slices)
        except (StorageFull, SQLAlchemyError):
            log.warning("removed content is deleted later", exc_info=True)

    def _waiting(self) -> bool:
        """Whether anything is left. Nearly free, and nearly always all there is to do."""
        with self.db.read() as session:
            nowhere = select(StoredDocument.id).where(StoredDocument.base_id == NOWHERE)
            return (
                session.exec(nowhere.limit(1)).first() is not None
                or session.exec(select(RemovedBase.id).limit(1)).first() is not None
                or session.exec(select(LexicalRemoval.chunk_id).limit(1)).first() is not None
            )

    def _slice(self) -> bool:
        """False where the store of files could not be reached."""
        with self.db.write() as session:
            bases = session.exec(select(RemovedBase.id)).all()
            found = session.exec(
                select(StoredDocument.id, StoredDocument.sha256)
                .where(col(StoredDocument.base_id).in_((NOWHERE, *bases)))
                .limit(_DOCUMENTS)
                .with_for_update(skip_locked=True)  # several workers take different ones
            ).all()
            gone = _erase_documents(session, [id_ for id_, _ in found])
            if not found and not _erase_withdrawn(session):
                _erase_bases(session, bases)
        return not gone or drop_unused_files(self.db, self.files, [sha256 for _, sha256 in found])


def _erase_documents(session: Session, ids: Sequence[str]) -> bool:
    """Some of their chunks, or else the documents; whether they are gone."""
    if not ids:
        return False
    chunks = select(StoredChunk.id).where(col(StoredChunk.document_id).in_(ids)).limit(_CHUNKS)
    chunk_ids = [id_ for id_ in session.exec(chunks) if id_ is not None]
    erase(session, chunk_ids)
    if len(chunk_ids) == _CHUNKS:
        return False
    session.exec(delete(StoredDocument).where(col(StoredDocument.id).in_(ids)))
    return True


def _erase_withdrawn(session: Session) -> bool:
    """Terms of chunks that stay as those of superseded versions; whether there were any."""
    chunk_ids = session.exec(select(LexicalRemoval.chunk_id).limit(_CHUNKS)).all()
    erase_terms(session, chunk_ids)
    return bool(chunk_ids)


def _erase_bases(session: Session, base_ids: Collection[str]) -> None:
    """Tombstones of bases without documents, and once there are none what lists the bases."""
    tombstones = (
        select(ChunkTombstone.chunk_id)
        .where(col(ChunkTombstone.base_id).in_(base_ids))
        .limit(_TOMBSTONES)
    )
    ids = session.exec(tombstones).all()
    session.exec(delete(ChunkTombstone).where(col(ChunkTombstone.chunk_id).in_(ids)))
    if len(ids) < _TOMBSTONES:
        # another worker may still be at a base's last documents
        empty = ~exists().where(col(StoredDocument.base_id) == col(RemovedBase.id))
        session.exec(delete(RemovedBase).where(col(RemovedBase.id).in_(base_ids), empty))
