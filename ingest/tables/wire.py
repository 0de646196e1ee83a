"""A table as JSON, for the sandbox and the database. A sheet has many rows, so that a row is only
the lengths of its cells; where it begins is written down where it does not follow the one before.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ingest.tables.types import Cell, Merge, Role, Row, Table


def to_json(table: Table) -> dict[str, Any]:
    return {
        "start": table.start,
        "end": table.end,
        "columns": table.column_count,
        "rows": [row.lengths for row in table.rows],
        "places": _places(table.rows),
        "head": [
            [c.row, c.column, c.text, c.start, c.end, c.row_span, c.column_span] for c in table.head
        ],
        "head_rows": table.head_row_count,
        "head_numbers": table.head_numbers,
        "row_heads": table.row_head_count,
        "merges": [[m.row, m.column, m.row_span, m.column_span] for m in table.merges],
        "caption": table.caption,
        "page": table.page,
        "sheet": table.sheet,
    }


def from_json(stored: dict[str, Any]) -> Table:
    """Raises KeyError, TypeError or ValueError where it is no table."""
    return Table(
        start=stored["start"],
        end=stored["end"],
        column_count=stored["columns"],
        rows=tuple(_rows(stored["rows"], stored["places"])),
        head=tuple(_head(*cell) for cell in stored["head"]),
        head_row_count=stored["head_rows"],
        head_numbers=tuple(stored["head_numbers"]),
        row_head_count=stored["row_heads"],
        merges=tuple(Merge(*merge) for merge in stored["merges"]),
        caption=stored["caption"],
        page=stored["page"],
        sheet=stored["sheet"],
    )


def _head(row: int, column: int, text: str, start: int, end: int, down: int, across: int) -> Cell:
    return Cell(row, column, text, start, end, down, across, Role.COLUMN_HEAD)


def _places(rows: Sequence[Row]) -> list[tuple[int, int, int]]:
    """Index, start and number of the rows that these do not follow from."""
    places = []
    expected = (-1, 0)
    for index, row in enumerate(rows):
        if (row.start, row.number) != expected:
            places.append((index, row.start, row.number))
        expected = _following(row)
    return places


def _rows(lengths: Sequence[Sequence[int]], places: Sequence[Sequence[int]]) -> Iterator[Row]:
    said = {index: (start, number) for index, start, number in places}
    at = (-1, 0)
    for index, each in enumerate(lengths):
        start, number = said.get(index, at)
        row = Row(start, tuple(each), number)
        yield row
        at = _following(row)


def _following(row: Row) -> tuple[int, int]:
    """Where the row on the next line begins, and its number."""
    return row.end + 1, row.number + 1 if row.number else 0
