"""What reading a file gave, beside its chunks: text, pages, tables, and the reading report."""

from dataclasses import astuple

from sqlmodel import Session

from app.db.tables import DocumentText, StoredDocument, utc_now
from app.services.library.document_pages import store_pages
from app.services.library.document_tables import store_tables
from ingest.recipe import RECIPE
from ingest.types import Document


def store_document(session: Session, stored: StoredDocument, parsed: Document) -> None:
    """Write all of it in place of what an earlier reading gave."""
    pages = [[span.page, span.start, span.end] for span in parsed.pages]
    session.merge(DocumentText(document_id=stored.id, text=parsed.text, pages=pages))
    store_tables(session, stored.id, parsed.tables)
    store_pages(session, stored.id, parsed.runs)
    stored.notices = [list(astuple(notice)) for notice in parsed.notices]
    stored.title = parsed.title
    stored.page_count = parsed.pages[-1].page if parsed.pages else None
    stored.recipe = stored.recipe_tried = RECIPE
    stored.updated_at = utc_now()
    session.add(stored)
