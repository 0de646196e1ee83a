"""Documents of a base, with their text and chunks."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field

from app.api.deps import MOST, App, Limit, Offset, Reading, Writing
from app.api.upload import LimitedUpload
from app.api.wire import Wire
from app.db.tables import StoredDocument
from app.services.library.documents import DocumentOrder, DocumentView

router = APIRouter(prefix="/api", tags=["documents"])

DocumentState = Literal["queued", "parsing", "embedding", "ready", "failed", "superseded"]

_TEXT_CHARS = 20_000

_FILE_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class NoticeOut(Wire):
    """Something that was found in the file and left out."""

    code: str  # e.g. `hidden_sheet`, `formula_without_value`
    count: int
    detail: str  # where or which, in the file's own words; of `not_read_again` a code


class DocumentOut(Wire):
    id: str
    base_id: str
    name: str
    path: str  # relative path in its folder; the name if uploaded alone
    version: int  # from 1; once a newer version is ready, older ones are superseded
    media_type: str
    size_bytes: int
    sha256: str
    state: DocumentState
    done: int  # in the current stage: pages when parsing, chunks when embedding
    total: int
    jobs_before: int | None  # while it waits: documents that are read first
    error_code: str | None
    error_detail: str | None
    title: str
    page_count: int | None
    chunk_count: int
    notices: list[NoticeOut] = Field(default_factory=list)  # the reading report
    created_at: datetime
    updated_at: datetime


class DocumentList(Wire):
    items: list[DocumentOut]
    total: int


class FileIn(Wire):
    path: str = Field(min_length=1, max_length=2000)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class KnownIn(Wire):
    files: list[FileIn] = Field(max_length=5000)


class KnownOut(Wire):
    """In request order; null for files that must be uploaded."""

    documents: list[DocumentOut | None]


class PageOut(Wire):
    page: int
    start: int
    end: int


class TextOut(Wire):
    """A part of a document's stored text; `start` is the offset of its first character."""

    document_id: str
    name: str
    text: str
    start: int
    end: int
    total_chars: int
    pages: list[PageOut]


class ChunkOut(Wire):
    id: int
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None
    headings: list[str]
    locator: str | None = None  # for formats without pages: `sheet 薪资, rows 8–20`


def document_out(view: DocumentView) -> DocumentOut:
    fields = view.document.model_dump(include=set(DocumentOut.model_fields))
    notices = [
        NoticeOut(code=code, count=count, detail=detail)
        for code, count, detail in view.document.notices
    ]
    progress = {"done": view.done, "total": view.total, "jobs_before": view.jobs_before}
    return DocumentOut.model_validate({**fields, **progress, "notices": notices})


@router.post("/bases/{base_id}/documents", status_code=202, openapi_extra=_FILE_FORM)
async def upload_document(
    base_id: str,
    request: Request,
    response: Response,
    access: Writing,
    app: App,
    path: Annotated[str, Query(max_length=2000, description="Relative path in its folder")] = "",
) -> DocumentOut:
    """Upload a file: 202 once the file and its job are stored, 200 if it already exists.

    Different content at the same path becomes the next version of the document.
    """
    async with LimitedUpload(request, app.documents.max_upload_bytes) as upload:
        view, is_new = await app.documents.accept(
            access, base_id, upload.name, upload.parts(), path=path
        )
    if not is_new:
        response.status_code = 200
    return document_out(view)


@router.get("/bases/{base_id}/documents")
def list_documents(
    base_id: str,
    access: Reading,
    app: App,
    limit: Limit = 50,
    offset: Offset = 0,
    q: str = "",
    state: DocumentState | None = None,
    sort: DocumentOrder = "newest",
) -> DocumentList:
    """Documents; `q` searches names. Superseded versions only with their state."""
    views, total = app.documents.page(
        access, base_id, limit=limit, offset=offset, name=q, state=state or "", order=sort
    )
    return DocumentList(items=[document_out(view) for view in views], total=total)


@router.post("/bases/{base_id}/known")
def known_files(base_id: str, body: KnownIn, access: Writing, app: App) -> KnownOut:
    """Find out which of these files the base already has, to upload only the others."""
    files = [(file.path, file.sha256) for file in body.files]
    views = app.documents.known(access, base_id, files)
    return KnownOut(documents=[view and document_out(view) for view in views])


@router.get("/documents/{document_id}/versions")
def list_versions(document_id: str, access: Reading, app: App) -> list[DocumentOut]:
    """All versions of the document, newest first."""
    return [document_out(view) for view in app.documents.versions(access, document_id)]


@router.get("/documents/{document_id}")
def read_document(document_id: str, access: Reading, app: App) -> DocumentOut:
    """One document with its progress."""
    return document_out(app.documents.get(access, document_id))


@router.delete("/documents/{document_id}", status_code=204)
def delete_document(document_id: str, access: Writing, app: App, path: str = "") -> None:
    """Delete a document and its earlier versions from all indexes, or a single earlier version.

    With `path`, a document that also has other paths only loses this one.
    """
    app.documents.delete(access, document_id, path)
    app.pages.tidy()


@router.post("/documents/{document_id}/retry", status_code=202)
def retry_document(document_id: str, access: Writing, app: App) -> DocumentOut:
    """Process a failed document again."""
    return document_out(app.documents.retry(access, document_id))


class MoveIn(Wire):
    base_id: str = Field(description="The knowledge base it goes to")
    keep: bool = Field(False, description="Leave it where it is too")


@router.post("/documents/{document_id}/move", status_code=202)
def move_document(document_id: str, body: MoveIn, access: Writing, app: App) -> DocumentOut:
    """Move a document to another knowledge base, which reads it itself, or keep it in both.

    409 where it is restricted, or in that base already. Its earlier versions are deleted.
    """
    moved = app.moving.move(access, document_id, body.base_id, keep=body.keep)
    app.pages.tidy()
    return document_out(moved)


@router.get("/documents/{document_id}/text")
def read_text(
    document_id: str,
    access: Reading,
    app: App,
    start: Offset = 0,
    end: Annotated[int | None, Query(ge=0, le=MOST)] = None,
) -> TextOut:
    """Part of the stored text, which citations refer to."""
    end = start + _TEXT_CHARS if end is None else end
    part = app.documents.text(access, document_id, start, end)
    pages = [PageOut(page=page, start=first, end=last) for page, first, last in part.pages]
    return TextOut(
        document_id=document_id,
        name=part.name,
        text=part.text,
        start=part.start,
        end=part.end,
        total_chars=part.total_chars,
        pages=pages,
    )


@router.get("/documents/{document_id}/chunks")
def list_chunks(
    document_id: str, access: Reading, app: App, limit: Limit = 100, offset: Offset = 0
) -> list[ChunkOut]:
    """The chunks of a document."""
    chunks = app.documents.chunks(access, document_id, limit=limit, offset=offset)
    return [
        ChunkOut.model_validate(chunk.model_dump(include=set(ChunkOut.model_fields)))
        for chunk in chunks
    ]


def _original(document_id: str, access: Reading, app: App) -> Iterator[tuple[StoredDocument, Path]]:
    """Held until the response is sent."""
    document, held = app.documents.original(access, document_id)
    with held as path:
        yield document, path


@router.get("/documents/{document_id}/file")
def download_file(
    found: Annotated[tuple[StoredDocument, Path], Depends(_original)],
) -> FileResponse:
    """The original file. Always a download, so that browsers do not render it as a page."""
    document, path = found
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=document.name,
        headers={"X-Content-Type-Options": "nosniff"},
    )
