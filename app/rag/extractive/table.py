"""Tables as they stand in chunks: one line a row, cells between bars, empty ones included."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.rag.types import Passage
from ingest.tables.lines import cells_of, is_row

Cells = tuple[str, ...]

# Between cells. Rows of documents that were read by an earlier version have bars there only.
BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Table:
    """`whole` where its first and its last row are certainly there."""

    head: Cells
    rows: tuple[Cells, ...]
    whole: bool


def tables_of(passages: Sequence[Passage]) -> Iterator[Table]:
    """Every table of two rows or more; chunks that follow each other are read as one text."""
    pieces = sorted(passages, key=lambda p: (p.document_id, p.ordinal))
    lines: list[str] = []
    goes_on = False  # a table from a chunk that is not there
    last: Passage | None = None
    for piece in pieces:
        # the reader puts the head of a table that goes on among the headings
        head = piece.headings[-1] if piece.headings and _cells(piece.headings[-1]) else ""
        if last is None or (last.document_id, last.ordinal + 1) != (
            piece.document_id,
            piece.ordinal,
        ):
            yield from _tables(lines, goes_on)
            lines, goes_on = [head] if head else [], bool(head)
        elif not head:
            lines.append("")
        lines += piece.text.strip("\n").split("\n")
        last = piece
    yield from _tables(lines, goes_on)


def _tables(lines: Sequence[str], goes_on: bool) -> Iterator[Table]:
    run: list[Cells] = []
    first = 0
    for number, line in enumerate([*lines, ""]):
        if cells := _cells(line):
            first = first if run else number
            run.append(cells)
        elif run:
            whole = number < len(lines) and not (goes_on and first == 0)
            if len(run) > 2:
                yield Table(run[0], tuple(run[1:]), whole)
            run = []


def _cells(line: str) -> Cells:
    """The cells of a row; none where the line is no row."""
    if is_row(line):
        return cells_of(line)
    return tuple(cell.strip() for cell in line.split(BETWEEN)) if BETWEEN in line else ()
