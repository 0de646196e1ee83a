"""Documents: taken in, listed, read, deleted. A document is acknowledged once its bytes and its
job are on disk."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import anyio.to_thread
from sqlalchemy import ColumnElement, func, literal
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.errors import FileTooLarge
from app.db.files import FileStore, StoredFile
from app.db.tables import (
    DocumentText,
    Job,
    PathRestriction,
    StoredChunk,
    StoredDocument,
)
from app.services.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unsupported
from app.services.jobs.queue import jobs_before
from app.services.library.bases import get_base
from app.services.library.document_tables import TablePart, tables_between
from app.services.library.paths import clean_name, clean_path, leave_path, newest_at
from app.services.library.removal import Purge, remove_base, remove_document
from app.services.library.versions import (
    UNFINISHED,
    all_versions,
    read_again,
    take_in,
)
from app.services.people.access import Access, Role
from app.services.people.audit import record
from app.services.people.grants import (
    covers,
    is_withheld,
    roles_in,
    scope_of,
    withheld_from,
)
from ingest.errors import UnsupportedFormat
from ingest.parsers import parser_for

DocumentOrder = Literal["newest", "oldest", "name", "largest"]

_ORDERS: Mapping[DocumentOrder, ColumnElement[Any]] = {
    "newest": col(StoredDocument.created_at).desc(),
    "oldest": col(StoredDocument.created_at).asc(),
    "name": func.lower(col(StoredDocument.path)),
    "largest": col(StoredDocument.size_bytes).desc(),
}
PURGED_AT_ONCE = 20  # five hundred chunks; the worker deletes the rest


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with the progress of its newest job. `jobs_before`: while it waits, how many
    documents are read first."""

    document: StoredDocument
    done: int = 0
    total: int = 0
    jobs_before: int | None = None


@dataclass(frozen=True, slots=True)
class TextPart:
    name: str
    text: str
    start: int
    end: int
    total_chars: int
    pages: list[list[int]]


def get_document(
    session: Session, access: Access, document_id: str, role: Role = Role.READER
) -> StoredDocument:
    """The document. Raises NotFound also where it or its base was removed, or is not for this
    person, and Forbidden where their role in the base is a lower one."""
    document = session.get(StoredDocument, document_id)
    roles = roles_in(session, access, [document.base_id] if document else [])
    if document is None or document.base_id not in roles:
        raise NotFound("document", document_id)
    withheld = withheld_from(session, access, roles)
    if withheld and _withholds(session, document_id, withheld):
        raise NotFound("document", document_id)
    get_base(session, access, document.base_id, role)
    return document


def _withholds(session: Session, document_id: str, withheld: Collection[str]) -> bool:
    covered = select(StoredDocument.id).where(
        StoredDocument.id == document_id, is_withheld(withheld)
    )
    return session.exec(covered).first() is not None


@dataclass(frozen=True, slots=True)
class Documents:
    db: Database
    files: FileStore
    max_upload_bytes: int

    async def accept(
        self,
        access: Access,
        base_id: str,
        name: str,
        body: AsyncIterator[bytes],
        *,
        path: str = "",
    ) -> tuple[DocumentView, bool]:
        """Keep an upload and queue its ingestion; the flag says whether it is new to the base.

        `path`: where the file lies in its folder, the name where empty. Other bytes at the same
        path are the next version of the same document.

        Raises NotFound, Forbidden, Invalid (no name, empty), TooLarge while the body is still
        coming, and Unsupported before any of it is read.
        """
        path = clean_path(path or clean_name(name))
        name = PurePosixPath(path).name
        try:
            parser_for(name)
        except UnsupportedFormat as error:
            raise Unsupported(str(error)) from error
        await anyio.to_thread.run_sync(self._check_path, access, base_id, path)
        try:
            with self.files.writer(self.max_upload_bytes) as writer:
                async for part in body:
                    await anyio.to_thread.run_sync(writer.write, part)
                if writer.size_bytes == 0:
                    raise Invalid(f"{name} is empty.", code="empty")
                stored = await anyio.to_thread.run_sync(writer.commit)
        except FileTooLarge as error:
            limit = self.max_upload_bytes >> 20
            raise TooLarge(f"{name} is larger than the limit of {limit} MB.") from error
        return await anyio.to_thread.run_sync(self._enqueue, access, base_id, path, stored)

    def accept_bytes(self, access: Access, base_id: str, name: str, data: bytes) -> DocumentView:
        """The same for bytes at hand."""
        with self.files.writer(self.max_upload_bytes) as writer:
            writer.write(data)
            stored = writer.commit()
        return self._enqueue(access, base_id, clean_path(name), stored)[0]

    def _check_path(self, access: Access, base_id: str, path: str) -> frozenset[str]:
        with self.db.read() as session:
            return may_write(session, access, base_id, path)

    def _enqueue(
        self, access: Access, base_id: str, path: str, file: StoredFile
    ) -> tuple[DocumentView, bool]:
        with self.db.write() as session:
            withheld = may_write(session, access, base_id, path)
            document, is_new = take_in(session, self.files, base_id, path, file, withheld)
            record(session, access, "document.upload", "document", document.id, base=base_id)
            return view_of(session, document), is_new

    def get(self, access: Access, document_id: str) -> DocumentView:
        with self.db.read() as session:
            return view_of(session, get_document(session, access, document_id))

    def page(
        self,
        access: Access,
        base_id: str,
        *,
        limit: int,
        offset: int,
        name: str = "",
        state: str = "",
        order: DocumentOrder = "newest",
    ) -> tuple[list[DocumentView], int]:
        """In order, with the number of all that match; superseded ones where asked for."""
        with self.db.read() as session:
            scope = scope_of(session, access, [base_id])
            where = [col(StoredDocument.base_id) == base_id]
            if scope.withheld:
                where.append(~is_withheld(scope.withheld))
            if name:
                where.append(col(StoredDocument.name).icontains(name, autoescape=True))
            if state:
                where.append(col(StoredDocument.state) == state)
            else:
                where.append(col(StoredDocument.state) != "superseded")
            total = session.exec(select(func.count()).select_from(StoredDocument).where(*where))
            rows = session.exec(
                select(StoredDocument)
                .where(*where)
                .order_by(_ORDERS[order], col(StoredDocument.id))
                .limit(limit)
                .offset(offset)
            ).all()
            return _views(session, rows), total.one()

    def versions(self, access: Access, document_id: str) -> list[DocumentView]:
        """All versions of the document that the person may see, newest first."""
        with self.db.read() as session:
            document = get_document(session, access, document_id)
            scope = scope_of(session, access, [document.base_id])
            return _views(session, all_versions(session, document, scope.withheld))

    def known(
        self, access: Access, base_id: str, files: Sequence[tuple[str, str]]
    ) -> list[DocumentView | None]:
        """For each (path, SHA-256) the document that holds it now; None where it is to be sent, or
        where the document is not for this person."""
        with self.db.read() as session:
            scope = scope_of(session, access, [base_id])
            newest = newest_at(session, base_id, [path for path, _ in files])
            ids = [
                newest[path][0] if path in newest and newest[path][1] == sha256 else ""
                for path, sha256 in files
            ]
            wanted = select(StoredDocument).where(col(StoredDocument.id).in_(set(ids) - {""}))
            if scope.withheld:
                wanted = wanted.where(~is_withheld(scope.withheld))
            views = _views(session, session.exec(wanted).all())
            by_id = {view.document.id: view for view in views}
            return [by_id.get(document_id) for document_id in ids]

    def retry(self, access: Access, document_id: str) -> DocumentView:
        """Queue a failed document again. Raises NotFound, Forbidden, Conflict."""
        with self.db.write() as session:
            document = get_document(session, access, document_id, Role.EDITOR)
            if document.state != "failed":
                raise Conflict(
                    f"{document.name} is {document.state}; only failed ones are retried.",
                    code="not_failed",
                )
            read_again(session, document)
            return DocumentView(document)

    def delete(self, access: Access, document_id: str, path: str = "") -> None:
        """Remove the document from every index at once, its rows and bytes afterwards.

        With the version that answers its earlier ones go; any other version goes alone. With
        `path` only what lies there goes: a document that has other paths stays.
        """
        with self.db.write() as session:
            document = get_document(session, access, document_id, Role.EDITOR)
            base_id = document.base_id
            record(session, access, "document.delete", "document", document_id, base=base_id)
            if path and leave_path(session, document, path):
                return
            remove_document(session, document)
        self.purge.begin(PURGED_AT_ONCE)

    def delete_base(self, access: Access, base_id: str) -> None:
        """Remove a base with all its documents, likewise."""
        with self.db.write() as session:
            get_base(session, access, base_id, Role.OWNER)
            record(session, access, "base.delete", "base", base_id)
            remove_base(session, base_id)
        self.purge.begin(PURGED_AT_ONCE)

    @property
    def purge(self) -> Purge:
        return Purge(self.db, self.files)

    def text(self, access: Access, document_id: str, start: int, end: int) -> TextPart:
        """Characters `[start, end)` of the stored text. Raises NotFound before it is parsed."""
        with self.db.read() as session:
            document = get_document(session, access, document_id)
            stored = session.get(DocumentText, document_id)
            if stored is None:
                raise NotFound("text yet of the document", document_id)
            total = len(stored.text)
            start, end = min(start, total), min(end, total)
            return TextPart(document.name, stored.text[start:end], start, end, total, stored.pages)

    def tables(self, access: Access, document_id: str, start: int, end: int) -> list[TablePart]:
        """The tables in `[start, end)` of the stored text. Raises NotFound before it is parsed."""
        with self.db.read() as session:
            get_document(session, access, document_id)
            return tables_between(session, document_id, start, end)

    def chunks(
        self, access: Access, document_id: str, *, limit: int, offset: int
    ) -> list[StoredChunk]:
        """The document's chunks in order."""
        with self.db.read() as session:
            get_document(session, access, document_id)
            return list(
                session.exec(
                    select(StoredChunk)
                    .where(StoredChunk.document_id == document_id)
                    .order_by(col(StoredChunk.ordinal))
                    .limit(limit)
                    .offset(offset)
                )
            )

    def original(
        self, access: Access, document_id: str
    ) -> tuple[StoredDocument, AbstractContextManager[Path]]:
        """The document and where its bytes are; entering raises FileMissing, FilesUnavailable."""
        with self.db.read() as session:
            document = get_document(session, access, document_id)
            return document, self.files.local(document.sha256)


def may_write(session: Session, access: Access, base_id: str, path: str) -> frozenset[str]:
    """Whether the person may send a file to that path; what is withheld from them in the base."""
    get_base(session, access, base_id, Role.EDITOR)
    withheld = scope_of(session, access, [base_id]).withheld
    around = select(PathRestriction.id).where(
        col(PathRestriction.id).in_(withheld),
        covers(col(PathRestriction.path), literal(path)),
    )
    if withheld and session.exec(around).first() is not None:
        raise Forbidden("This folder is not for you.", code="path_restricted")
    return withheld


def view_of(session: Session, document: StoredDocument) -> DocumentView:
    return _views(session, [document])[0]


def _views(session: Session, documents: Sequence[StoredDocument]) -> list[DocumentView]:
    """In their order."""
    unfinished = [document.id for document in documents if document.state in UNFINISHED]
    jobs: dict[str | None, Job] = {}
    if unfinished:
        query = select(Job).where(col(Job.document_id).in_(unfinished))
        for job in session.exec(query.order_by(col(Job.created_at))):
            jobs[job.document_id] = job  # the newest stays
    before = jobs_before(session, [job.id for job in jobs.values() if job.state == "queued"])
    views: list[DocumentView] = []
    for document in documents:
        found = jobs.get(document.id)
        views.append(
            DocumentView(document, found.done, found.total, before.get(found.id))
            if found is not None
            else DocumentView(document)
        )
    return views
