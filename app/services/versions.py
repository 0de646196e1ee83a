"""Versions of documents: which file is known under which path, and which version answers.

A path belongs to at most one `ready` document of its base. What becomes ready takes its paths
from the version before, in the same commit; a version that has no path left is `superseded`.
The same bytes at several paths are one document, and it stays as long as one of them has them.
"""

from pathlib import PurePosixPath

from sqlalchemy import Text, cast, func, or_
from sqlmodel import Session, col, select

from app.db.tables import StoredDocument, utc_now
from app.services.removal import withdraw

UNFINISHED = ("queued", "parsing", "embedding")


def holders(session: Session, base_id: str, paths: set[str]) -> list[StoredDocument]:
    """The base's documents at any of these paths, newest first, without superseded ones."""
    aliased = cast(col(StoredDocument.also_at), Text) != "[]"
    found = session.exec(
        select(StoredDocument)
        .where(
            StoredDocument.base_id == base_id,
            StoredDocument.state != "superseded",
            or_(col(StoredDocument.path).in_(paths), aliased),
        )
        .order_by(col(StoredDocument.created_at).desc(), col(StoredDocument.version).desc())
    )
    return [document for document in found if document.paths & paths]


def known_bytes(session: Session, base_id: str, path: str, sha256: str) -> StoredDocument | None:
    """The document that holds these bytes already, unless `path` is just getting others."""
    known = session.exec(
        select(StoredDocument)
        .where(
            StoredDocument.base_id == base_id,
            StoredDocument.sha256 == sha256,
            StoredDocument.state != "superseded",
        )
        .order_by(col(StoredDocument.created_at).desc())
    ).first()
    if known is None:
        return None
    others = (h for h in holders(session, base_id, {path}) if h.id != known.id)
    return None if any(h.state in UNFINISHED for h in others) else known


def place_in_series(session: Session, document: StoredDocument) -> None:
    """Make a new document the next version of what its path holds alone, or the first of a new
    series."""
    held = holders(session, document.base_id, {document.path})
    document.series_id, document.version = document.id, 1
    if held and held[0].paths == {document.path}:
        document.series_id = held[0].series_id
        newest = select(func.max(StoredDocument.version)).where(
            StoredDocument.series_id == document.series_id
        )
        document.version = (session.exec(newest).one() or 0) + 1


def is_overtaken(session: Session, document: StoredDocument) -> bool:
    """Whether a later version of it is ready already: two workers may finish in any order."""
    later = select(StoredDocument.id).where(
        StoredDocument.series_id == document.series_id,
        col(StoredDocument.version) > document.version,
        StoredDocument.state == "ready",
    )
    return session.exec(later.limit(1)).first() is not None


def take_paths(session: Session, document: StoredDocument, sequence: int) -> None:
    """Give `document` its paths; whoever else had them is superseded, or keeps its other paths.

    Later versions that are still on their way are left alone. `sequence` is the base's number of
    this change.
    """
    superseded = []
    for other in holders(session, document.base_id, document.paths):
        later = other.series_id == document.series_id and other.version > document.version
        if other.id == document.id or (later and other.state in UNFINISHED):
            continue
        rest = sorted(other.paths - document.paths)
        if rest:
            other.path, other.also_at = rest[0], rest[1:]
            other.name = PurePosixPath(other.path).name
        else:
            other.state, other.also_at, other.updated_at = "superseded", [], utc_now()
            superseded.append(other.id)
        session.add(other)
    session.flush()
    withdraw(session, document.base_id, superseded, sequence)


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
                    & col(StoredDocument.path).in_(document.paths),
                ),
            )
            .order_by(col(StoredDocument.created_at).desc(), col(StoredDocument.version).desc())
        )
    )
