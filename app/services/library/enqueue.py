"""A file whose bytes are stored becomes a document of a base with a job, or a name of one."""

import mimetypes
from pathlib import PurePosixPath

from sqlmodel import Session

from app.db.files import StoredFile
from app.db.tables import Job, StoredDocument
from app.services.errors import Conflict, Invalid
from app.services.library.bases import lock_base, next_sequence
from app.services.library.versions import (
    holders,
    known_bytes,
    place_in_series,
    sent_now,
    take_paths,
)

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


def enqueue(
    session: Session, base_id: str, path: str, file: StoredFile
) -> tuple[StoredDocument, bool]:
    """The document of these bytes, and whether it is new and has a job.

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
