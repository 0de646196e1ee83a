"""The tables of a document, kept beside its text."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from app.db.tables import DocumentTable, DocumentText
from app.services.errors import NotFound
from ingest.tables.types import Cell, Table
from ingest.tables.wire import from_json, to_json


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table with its head and those of its rows that touch the part of the text asked for."""

    number: int
    table: Table
    cells: tuple[Cell, ...]


def store_tables(session: Session, document_id: str, tables: Sequence[Table]) -> None:
    """Write the document's tables in place of those that it had."""
    session.exec(delete(DocumentTable).where(col(DocumentTable.document_id) == document_id))
    rows = [
        {
            "document_id": document_id,
            "number": number,
            "start": table.start,
            "end": table.end,
            "content": to_json(table),
        }
        for number, table in enumerate(tables)
    ]
    if rows:
        session.connection().execute(insert(DocumentTable), rows)


def tables_between(session: Session, document_id: str, start: int, end: int) -> list[TablePart]:
    """The tables that touch `[start, end)` of the text. Raises NotFound before it is parsed."""
    text = session.get(DocumentText, document_id)
    if text is None:
        raise NotFound("text yet of the document", document_id)
    stored = session.exec(
        select(DocumentTable)
        .where(
            DocumentTable.document_id == document_id,
            DocumentTable.start < end,
            DocumentTable.end > start,
        )
        .order_by(col(DocumentTable.number))
    )
    parts = []
    for row in stored:
        table = from_json(row.content)
        cells = tuple(table.cells(text.text, start, end))
        parts.append(TablePart(row.number, table, cells))
    return parts
