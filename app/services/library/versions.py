"""Versions of documents: which file is known under which path, and which version answers.

`take_in` makes a stored file a document of its base, queued to be read. Per path the bytes that
were sent there last count, as soon as they are ready: in that commit the document takes the path
from the one before. A document that has no path left is `superseded`. The same bytes at several
paths are one document, and it answers as long as one path has them.
"""

import mimetypes
from collections.abc import Collection
from pathlib import PurePosixPath

from sqlalchemy import Text, cast, func, or_
from sqlmodel import Session, col, select

from app.db.engine import lock_files
from app.db.files import StoredFile
from app.db.tables import Job, StoredDocument, microseconds, utc_now
from app.services.errors import Conflict, Invalid
from app.services.library.bases import lock_base, next_sequence
from app.services.library.chunks import withdraw

UNFINISHED = ("queued", "parsing", "embedding")
_MAX_NAME_CHARS = 255
_MAX_PATH_CHARS = 2000


def clean_path(path: str) -> str:
    """A file's path within its folder, with `/`, without `.`, `..` and control characters.

    Raises Invalid where no name is left.
    """
    *folders, name = path.replace("\\", "/").split("/")
    kept = ["".join(c for c in folder if c.isprintable()).strip() for folder in folders]
    kept = [folder for folder in kept if folder not in ("", ".", "..")]
    whole = "/".join((*kept, clean_name(name)))
    if len(whole) > _MAX_PATH_CHARS:
        raise Invalid("The path of the file is too long.", code="bad_name")
    return whole


def clean_name(name: str) -> str:
    """The file name without folders and control characters. Raises Invalid where none is left."""
    bare = PurePosixPath(name.replace("\\", "/")).name
    bare = "".join(c for c in bare if c.isprintable()).strip()
    if bare in ("", ".", ".."):
        raise Invalid("The file has no usable name.", code="bad_name")
    if len(bare) > _MAX_NAME_CHARS:
        path = PurePosixPath(bare)
        bare = path.stem[: _MAX_NAME_CHARS - len(path.suffix)] + path.suffix
    return bare


def take_in(
    session: Session, base_id: str, path: str, file: StoredFile
) -> tuple[StoredDocument, bool]:
    """Make a stored file a document of the base, with a job that reads it; returns the document,
    and whether it is new. Bytes that the base has already only get another path.

    Raises NotFound, and Conflict where the bytes were removed just now.
    """
    lock_base(session, base_id)
    known = known_bytes(session, base_id, file.sha256)
    if known is not None:
        sent_now(session, known, path)
        if known.state == "ready" and len(holders(session, base_id, [path])) > 1:
            take_paths(session, known, next_sequence(session, base_id))
        return known, False
    name = PurePosixPath(path).name
    lock_files(session)
    if not file.path.exists():  # its last document was deleted just now
        raise Conflict(f"{name} was being deleted. Upload it again.")
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
    session.flush()
    session.add(Job(document_id=document.id))
    session.flush()
    return document, True


def holders(session: Session, base_id: str, paths: Collection[str]) -> list[StoredDocument]:
    """The base's documents at any of these paths, newest first, without superseded ones."""
    aliased = cast(col(StoredDocument.also_at), Text) != "{}"
    found = session.exec(
        select(StoredDocument)
        .where(
            StoredDocument.base_id == base_id,
            StoredDocument.state != "superseded",
            or_(col(StoredDocument.path).in_(paths), aliased),
        )
        .order_by(col(StoredDocument.created_at).desc(), col(StoredDocument.version).desc())
    )
    return [document for document in found if not document.sent.keys().isdisjoint(paths)]


def known_bytes(session: Session, base_id: str, sha256: str) -> StoredDocument | None:
    """The document that holds these bytes already."""
    return session.exec(
        select(StoredDocument).where(
            StoredDocument.base_id == base_id,
            StoredDocument.sha256 == sha256,
            StoredDocument.state != "superseded",
        )
    ).first()


def sent_now(session: Session, document: StoredDocument, path: str) -> None:
    """Note that the document's bytes were just sent to `path`, after all that was sent there."""
    others = [h for h in holders(session, document.base_id, [path]) if h.id != document.id]
    now = max([microseconds(utc_now()), *(other.sent[path] + 1 for other in others)])
    document.sent = {**document.sent, path: now}
    session.add(document)


def place_in_series(session: Session, document: StoredDocument) -> None:
    """Make a new document the next version of what its path holds alone, or the first of a new
    series."""
    held = holders(session, document.base_id, [document.path])
    document.series_id, document.version = document.id, 1
    if held and not held[0].also_at:
        document.series_id = held[0].series_id
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
    mine, superseded = document.sent, []
    for other in holders(session, document.base_id, mine):
        if other.id == document.id or other.state in UNFINISHED:
            continue
        theirs = other.sent
        for path in mine.keys() & theirs.keys():
            if theirs[path] < mine[path]:
                del theirs[path]
            elif other.state == "ready":
                del mine[path]
        if theirs:
            other.sent = theirs
        else:
            other.state, other.updated_at = "superseded", utc_now()
            superseded.append(other.id)
        session.add(other)
    if mine:
        document.sent = mine
    else:
        document.state = "superseded"
    session.add(document)
    session.flush()
    withdraw(session, document.base_id, superseded, sequence)
    return bool(mine)


def leave_path(session: Session, document: StoredDocument, path: str) -> bool:
    """The document's bytes are no longer at `path`. False where it has no other and is to go."""
    left = {other: at for other, at in document.sent.items() if other != path}
    if left:
        document.sent = left
        session.add(document)
    return bool(left)


def all_versions(session: Session, document: StoredDocument) -> list[StoredDocument]:
    """Every version of what lies at the document's paths, newest first, itself included."""
    return list(
        session.exec(
            select(StoredDocument)
            .where(
                StoredDocument.base_id == document.base_id,
                or_(
                    col(StoredDocument.series_id) == document.series_id,
                    (col(StoredDocument.state) == "superseded")
                    & col(StoredDocument.path).in_(document.sent),
                ),
            )
            .order_by(col(StoredDocument.created_at).desc(), col(StoredDocument.version).desc())
        )
    )
