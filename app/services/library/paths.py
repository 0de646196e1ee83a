"""Under which paths a base knows its documents, and when the bytes were sent to each.

The same bytes at several paths are one document. Its `path` is the first of them, and its
`created_at` the time of that one.
"""

from collections.abc import Collection
from pathlib import PurePosixPath

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.db.tables import DocumentPath, StoredDocument, from_microseconds, microseconds, utc_now
from app.services.errors import Invalid
from app.services.library.bases import lock_base, next_sequence

_MAX_NAME_CHARS = 255
_MAX_PATH_CHARS = 2000
_MAX_PATH_BYTES = 2500  # an entry of PostgreSQL's index takes 2,704 bytes, an id of 24 included


def clean_path(path: str) -> str:
    """A file's path within its folder, with `/`, without `.`, `..` and control characters.

    Raises Invalid where no name is left.
    """
    *folders, name = path.replace("\\", "/").split("/")
    kept = ["".join(c for c in folder if c.isprintable()).strip() for folder in folders]
    kept = [folder for folder in kept if folder not in ("", ".", "..")]
    whole = "/".join((*kept, clean_name(name)))
    if len(whole) > _MAX_PATH_CHARS or len(whole.encode()) > _MAX_PATH_BYTES:
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


def paths_of(session: Session, document_id: str) -> dict[str, int]:
    """A document's paths, each with the time of its latest upload in microseconds since 1970."""
    query = select(DocumentPath.path, DocumentPath.sent_at_us)
    return dict(session.exec(query.where(DocumentPath.document_id == document_id)).all())


def sent_now(session: Session, document: StoredDocument, path: str) -> None:
    """Note that the document's bytes were just sent to `path`, after all that was sent there."""
    session.add(document)
    session.flush()
    newest = session.exec(
        select(func.max(DocumentPath.sent_at_us))
        .join(StoredDocument, col(StoredDocument.id) == col(DocumentPath.document_id))
        .where(
            DocumentPath.base_id == document.base_id,
            DocumentPath.path == path,
            StoredDocument.state != "superseded",
            StoredDocument.id != document.id,
        )
    ).one()
    at_us = max(microseconds(utc_now()), (newest or 0) + 1)
    session.merge(
        DocumentPath(document_id=document.id, path=path, base_id=document.base_id, sent_at_us=at_us)
    )
    if path == document.path:
        document.created_at = from_microseconds(at_us)


def drop_paths(session: Session, document: StoredDocument, paths: Collection[str]) -> None:
    """The document's bytes are no longer at these paths; it keeps at least one."""
    gone = col(DocumentPath.path).in_(paths)
    session.exec(delete(DocumentPath).where(col(DocumentPath.document_id) == document.id, gone))
    if document.path in paths:
        left = paths_of(session, document.id)
        document.path = min(left)
        document.name = document.path.rpartition("/")[2]
        document.created_at = from_microseconds(left[document.path])
        session.add(document)


def leave_path(session: Session, document: StoredDocument, path: str) -> bool:
    """The document's bytes are no longer at `path`. False where it has no other and is to go.

    Raises NotFound where its base was removed just now.
    """
    lock_base(session, document.base_id)  # nobody else takes a path of it meanwhile
    session.refresh(document)
    paths = paths_of(session, document.id)
    if paths.keys() <= {path}:
        return False
    if path in paths:
        drop_paths(session, document, [path])
        next_sequence(session, document.base_id)  # fewer restrictions may cover it now
    return True


def holders(session: Session, base_id: str, paths: Collection[str]) -> list[StoredDocument]:
    """The base's documents at any of these paths, newest first, without superseded ones."""
    at_paths = select(DocumentPath.document_id).where(
        DocumentPath.base_id == base_id, col(DocumentPath.path).in_(paths)
    )
    return list(
        session.exec(
            select(StoredDocument)
            .where(
                col(StoredDocument.id).in_(at_paths),
                StoredDocument.state != "superseded",
            )
            .order_by(col(StoredDocument.created_at).desc(), col(StoredDocument.version).desc())
        )
    )


def newest_at(session: Session, base_id: str, paths: Collection[str]) -> dict[str, tuple[str, str]]:
    """For each of these paths that the base knows: id and SHA-256 of what was sent there last."""
    query = (
        select(DocumentPath.path, StoredDocument.id, StoredDocument.sha256)
        .join(StoredDocument, col(StoredDocument.id) == col(DocumentPath.document_id))
        .where(
            DocumentPath.base_id == base_id,
            col(DocumentPath.path).in_(paths),
            StoredDocument.state != "superseded",
        )
        .order_by(col(DocumentPath.sent_at_us))
    )
    return {path: (document_id, sha256) for path, document_id, sha256 in session.exec(query)}
