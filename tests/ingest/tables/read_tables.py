"""What was read of a file's tables."""

from ingest.tables.lines import cells_of, is_row
from ingest.types import BlockKind, Document


def rows_of(document: Document) -> list[str]:
    kinds = (BlockKind.TABLE_HEADER, BlockKind.TABLE_ROW)
    return [document.text[b.start : b.end] for b in document.blocks if b.kind in kinds]


def check_cells(document: Document) -> None:
    """Every cell's span is its text, and the rows of the text say the same as the grid."""
    for table in document.tables:
        cells = list(table.cells(document.text))
        assert all(document.text[c.start : c.end] == c.text for c in cells)
        assert all(table.start <= c.start <= c.end <= table.end for c in cells)
        for row in table.rows:
            line = document.text[row.start : row.end]
            spans = [c for c in cells if row.start <= c.start < row.end and c.column_span == 1]
            if len(row.lengths) > 1:
                assert is_row(line)
                assert all(cells_of(line)[c.column] == c.text for c in spans)
