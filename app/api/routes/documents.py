"""Documents of a base, their text and chunks, and the jobs that read them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from app.api.deps import House, Limit, Offset
from app.api.schemas import (
    ChunkOut,
    DocumentList,
    DocumentOut,
    DocumentState,
    JobOut,
    KnownIn,
    KnownOut,
    PageOut,
    TextOut,
)
from app.api.upload import LimitedUpload
from app.api.views import document_out

router = APIRouter(prefix="/api", tags=["documents"])

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


@router.post("/bases/{base_id}/documents", status_code=202, openapi_extra=_FILE_FORM)
async def upload_document(
    base_id: str,
    request: Request,
    response: Response,
    house: House,
    path: Annotated[str, Query(max_length=2000, description="Where it lies in its folder")] = "",
) -> DocumentOut:
    """Take in one file: 202 once its bytes and its job are on disk, 200 where it was there.

    Other bytes at the same path become the next version of the document.
    """
    async with LimitedUpload(request, house.documents.max_upload_bytes) as upload:
        view, is_new = await house.documents.accept(base_id, upload.name, upload.parts(), path=path)
    if not is_new:
        response.status_code = 200
    return document_out(view)


@router.get("/bases/{base_id}/documents")
def list_documents(
    base_id: str,
    house: House,
    limit: Limit = 50,
    offset: Offset = 0,
    q: str = "",
    state: DocumentState | None = None,
) -> DocumentList:
    """Newest first, without superseded versions unless asked for; `q` looks into names."""
    views, total = house.documents.page(
        base_id, limit=limit, offset=offset, name=q, state=state or ""
    )
    return DocumentList(items=[document_out(view) for view in views], total=total)


@router.post("/bases/{base_id}/known")
def known_files(base_id: str, body: KnownIn, house: House) -> KnownOut:
    """Which of these files the base has already, so that only the others are sent."""
    files = [(file.path, file.sha256) for file in body.files]
    views = house.documents.known(base_id, files)
    return KnownOut(documents=[view and document_out(view) for view in views])


@router.get("/documents/{document_id}/versions")
def list_versions(document_id: str, house: House) -> list[DocumentOut]:
    """All versions of the document, newest first."""
    return [document_out(view) for view in house.documents.versions(document_id)]


@router.get("/documents/{document_id}")
def read_document(document_id: str, house: House) -> DocumentOut:
    """One document with its progress."""
    return document_out(house.documents.get(document_id))


@router.delete("/documents/{document_id}", status_code=204)
def delete_document(document_id: str, house: House, path: str = "") -> None:
    """Take it out of every index at once, with its earlier versions; an earlier one goes alone.

    With `path`, a document that is known under other paths too only loses this one.
    """
    house.documents.delete(document_id, path)


@router.post("/documents/{document_id}/retry", status_code=202)
def retry_document(document_id: str, house: House) -> DocumentOut:
    """Read a failed document again."""
    return document_out(house.documents.retry(document_id))


@router.get("/documents/{document_id}/text")
def read_text(
    document_id: str,
    house: House,
    start: Offset = 0,
    end: Annotated[int | None, Query(ge=0)] = None,
) -> TextOut:
    """A part of the stored text, the one that citations point into."""
    end = start + _TEXT_CHARS if end is None else end
    part = house.documents.text(document_id, start, end)
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
    document_id: str, house: House, limit: Limit = 100, offset: Offset = 0
) -> list[ChunkOut]:
    """What the document was cut into."""
    chunks = house.documents.chunks(document_id, limit=limit, offset=offset)
    return [
        ChunkOut.model_validate(chunk.model_dump(include=set(ChunkOut.model_fields)))
        for chunk in chunks
    ]


@router.get("/documents/{document_id}/file")
def download_file(document_id: str, house: House) -> FileResponse:
    """The file as it was uploaded. Always a download: a browser must not open it as a page."""
    document, path = house.documents.original(document_id)
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=document.name,
        headers={"X-Content-Type-Options": "nosniff"},
    )


@router.get("/jobs")
def list_jobs(
    house: House,
    state: Annotated[str, Query(pattern="^(queued|running|done|failed)?$")] = "",
    limit: Limit = 50,
) -> list[JobOut]:
    """Newest first."""
    jobs = house.jobs.newest(state=state, limit=limit)
    return [JobOut.model_validate(job.model_dump(include=set(JobOut.model_fields))) for job in jobs]


@router.get("/jobs/{job_id}")
def read_job(job_id: str, house: House) -> JobOut:
    """One ingestion job."""
    job = house.jobs.get(job_id)
    return JobOut.model_validate(job.model_dump(include=set(JobOut.model_fields)))
