"""Tables of a document as data: which cell stands where, in the grid and in the text."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from app.api.deps import MOST, App, Offset, Reading
from app.api.wire import Wire
from app.services.library.document_tables import TablePart

router = APIRouter(prefix="/api", tags=["documents"])

_TEXT_CHARS = 20_000


class CellOut(Wire):
    """`[start, end)` is where its text stands in that of the document."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    start: int
    end: int
    role: Literal["column_head", "row_head", "none"]
    sheet_row: int | None  # its number in the sheet


class TableOut(Wire):
    """`cells` are those of the head, and of the rows that lie in the part that was asked for."""

    number: int  # in the document, counted from 1
    caption: str
    page: int | None
    sheet: str | None
    start: int
    end: int
    row_count: int
    column_count: int
    head_row_count: int
    cells: list[CellOut]


def table_out(part: TablePart) -> TableOut:
    table, numbers = part.table, part.table.numbers
    return TableOut(
        number=part.number + 1,
        caption=table.caption,
        page=table.page,
        sheet=table.sheet or None,
        start=table.start,
        end=table.end,
        row_count=table.row_count,
        column_count=table.column_count,
        head_row_count=table.head_row_count,
        cells=[
            CellOut(
                row=cell.row,
                column=cell.column,
                row_span=cell.row_span,
                column_span=cell.column_span,
                text=cell.text,
                start=cell.start,
                end=cell.end,
                role=cell.role.value,
                sheet_row=numbers[cell.row] or None,
            )
            for cell in part.cells
        ],
    )


@router.get("/documents/{document_id}/tables")
def list_tables(
    document_id: str,
    access: Reading,
    app: App,
    start: Offset = 0,
    end: Annotated[int | None, Query(ge=0, le=MOST)] = None,
) -> list[TableOut]:
    """The tables in a part of the stored text. Empty cells are there; merged ones once."""
    end = start + _TEXT_CHARS if end is None else end
    return [table_out(part) for part in app.documents.tables(access, document_id, start, end)]
