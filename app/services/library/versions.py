"""Versions of documents: which file is known under which path, and which version answers.

`take_in` makes a stored file a document of its base, queued to be read. Per path the bytes that
were sent there last count, as soon as they are ready: in that commit the document takes the path
from the one before. A document that has no path left is `superseded`. The same bytes at several
paths are one document, and it answers as long as one path has them.
"""

import mimetypes
from collections.abc import Collection
from pathlib import PurePosixPath

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from app.db.engine import lock_files
from app.db.files import FileStore, StoredFile
from app.db.tables import Job, StoredDocument, utc_now
from app.services.errors import Conflict
from app.services.library.bases import lock_base, next_sequence
from app.services.library.chunks import withdraw
from app.services.library.paths import drop_paths, holders, paths_of, sent_now
from app.services.people.grants import is_withheld

UNFINISHED = ("queued", "parsing", "embedding")


def take_in(
    session: Session,
    files: FileStore,
    base_id: str,
    path: str,
    file: StoredFile,
    withheld: Collection[str] = (),
) -> tuple[StoredDocument, bool]:
    """Make a stored file a document of the base, with a job that reads it; returns the document,
    and whether it is new. Bytes that the base has already only get another path; a document that
    restrictions keep `withheld` from the sender doesn't count, so that nothing tells of it.

    Raises NotFound, FilesUnavailable, and Conflict where the bytes were removed just now.
    """
    lock_base(session, base_id)
    known = known_bytes(session, base_id, file.sha256, withheld)
    if known is not None:
        is_new_path = path not in paths_of(session, known.id)
        sent_now(session, known, path)
        if known.state != "ready":
            return known, False
        if len(holders(session, base_id, [path])) > 1:
            take_paths(session, known, next_sequence(session, base_id))
        elif is_new_path:
            next_sequence(session, base_id)  # other restrictions may cover it now
        return known, False
    name = PurePosixPath(path).name
    lock_files(session)
    if not files.has(file.sha256):  # its last document was deleted just now
        raise Conflict(f"{name} was being deleted. Upload it again.", code="being_deleted")
    document = StoredDocument(
        base_id=base_id,
        name=name,
        path=path,
        series_id="",
        media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )
    place_in_series(session, document)
    sent_now(session, document, path)
    session.add(Job(document_id=document.id))
    session.flush()
    return document, True


def known_bytes(
    session: Session, base_id: str, sha256: str, withheld: Collection[str] = ()
) -> StoredDocument | None:
    """The document that holds these bytes already, among those that are not withheld."""
    return session.exec(
        select(StoredDocument).where(
            StoredDocument.base_id == base_id,
            StoredDocument.sha256 == sha256,
            StoredDocument.state != "superseded",
            ~is_withheld(withheld),
        )
    ).first()


def read_again(session: Session, document: StoredDocument) -> None:
    """Queue a failed document."""
    document.state, document.error_code, document.error_detail = "queued", None, None
    document.updated_at = utc_now()
    session.add(document)
    session.add(Job(document_id=document.id))


def place_in_series(session: Session, document: StoredDocument) -> None:
    """Make a new document the next version of what its path holds alone, or the first of a new
    series."""
    current = holders(session, document.base_id, [document.path])
    document.series_id, document.version = document.id, 1
    if current and len(paths_of(session, current[0].id)) == 1:
        document.series_id = current[0].series_id
        newest = select(func.max(StoredDocument.version)).where(
            StoredDocument.series_id == document.series_id
        )
        document.version = (session.exec(newest).one() or 0) + 1


def take_paths(session: Session, document: StoredDocument, sequence: int) -> bool:
    """Settle whose the paths of a document are that is ready: the one's to which it was sent last.

    Whoever has none left is superseded, and leaves the indexes with the base's change `sequence`.
    False where that is the document itself: two workers may finish versions in any order. Others
    that are on their way are left alone; they settle it when they are ready.
    """
    mine, superseded = paths_of(session, document.id), []
    lost: set[str] = set()
    for other in holders(session, document.base_id, mine):
        if other.id == document.id or other.state in UNFINISHED:
            continue
        theirs = paths_of(session, other.id)
        shared = (mine.keys() & theirs.keys()) - lost
        taken = {path for path in shared if theirs[path] < mine[path]}
        if other.state == "ready":
            lost |= shared - taken
        if taken == theirs.keys():
            other.state, other.updated_at = "superseded", utc_now()
            superseded.append(other.id)
        elif taken:
            drop_paths(session, other, taken)
        session.add(other)
    if lost == mine.keys():
        document.state = "superseded"
    elif lost:
        drop_paths(session, document, lost)
    session.add(document)
    session.flush()
    withdraw(session, document.base_id, superseded, sequence)
    return document.state != "superseded"


def all_versions(
    session: Session, document: StoredDocument, withheld: Collection[str] = ()
) -> list[StoredDocument]:
    """Every version of what lies at the document's paths, newest first, itself included, and none
    that is withheld."""
    return list(
        session.exec(
            select(StoredDocument)
            .where(
                StoredDocument.base_id == document.base_id,
                ~is_withheld(withheld),
                or_(
                    col(StoredDocument.series_id) == document.series_id,
                    (col(StoredDocument.state) == "superseded")
                    & col(StoredDocument.path).in_(paths_of(session, document.id)),
                ),
            )
            .order_by(col(StoredDocument.created_at).desc(), col(StoredDocument.version).desc())
        )
    )
