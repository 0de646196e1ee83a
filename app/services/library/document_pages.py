"""Where the words of a document stand on its pages, kept beside its text."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from app.db.tables import DocumentPage, DocumentTable, DocumentText, StoredDocument
from app.services.errors import Conflict, NotFound
from ingest.pages.render import has_pages
from ingest.runs import Area, PageRuns, Run, cut, unpack


@dataclass(frozen=True, slots=True)
class PageBoxes:
    """The places on a page that a part of the text takes up, in the order of the text. Width and
    height are those of the page: points, or pixels of a picture."""

    page: int
    width: float
    height: float
    boxes: tuple[Area, ...]


def store_pages(session: Session, document_id: str, pages: Sequence[PageRuns]) -> None:
    """Write the document's pages in place of those that it had."""
    session.exec(delete(DocumentPage).where(col(DocumentPage.document_id) == document_id))
    rows = [
        {
            "document_id": document_id,
            "page": page.page,
            "width": page.width,
            "height": page.height,
            "start": page.start,
            "end": page.end,
            "runs": page.packed,
        }
        for page in pages
    ]
    if rows:
        session.connection().execute(insert(DocumentPage), rows)


def boxes_between(
    session: Session, document: StoredDocument, start: int, end: int
) -> list[PageBoxes]:
    """The boxes of `[start, end)` of the text, page by page.

    Raises NotFound before the document is read, and Conflict `no_pages` for a format without
    pages, `not_placed` for a document that was read before places were kept.
    """
    require_pages(document)
    text = session.get(DocumentText, document.id)
    if text is None:
        raise NotFound("text yet of the document", document.id)
    query = select(DocumentPage).where(DocumentPage.document_id == document.id)
    stored = session.exec(
        query.where(DocumentPage.start < end, DocumentPage.end > start).order_by(
            col(DocumentPage.page)
        )
    ).all()
    if not stored and session.exec(query.limit(1)).first() is None:
        raise Conflict(
            f"{document.name} was read before the places of its words were kept.",
            code="not_placed",
        )
    tables = session.exec(
        select(DocumentTable.start, DocumentTable.end).where(
            DocumentTable.document_id == document.id,
            DocumentTable.start < end,
            DocumentTable.end > start,
        )
    ).all()
    found = []
    for page in stored:
        runs = [run for run in unpack(page.runs) if run.start < end and run.end > start]
        areas = tuple(_area(run, text.text, start, end, tables) for run in runs)
        if areas:
            found.append(PageBoxes(page.page, page.width, page.height, areas))
    return found


def _area(run: Run, text: str, start: int, end: int, tables: Sequence[tuple[int, int]]) -> Area:
    """What `[start, end)` takes up of a line; a cell as a whole, as its lines are not known."""
    if any(first <= run.start < last for first, last in tables):
        return run.area
    return cut(run, text[run.start : run.end], start, end)


def require_pages(document: StoredDocument) -> None:
    """Raises Conflict `no_pages`."""
    if not has_pages(document.name):
        raise Conflict(
            f"{document.name} has no pages; only PDFs and pictures have.", code="no_pages"
        )
