"""A table of a document: which cell stands where, in the grid and in the document's text.

All spans are half-open character ranges `[start, end)` into `Document.text`. Rows and columns are
counted from 0.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ingest.tables.lines import cell_spans


class Role(StrEnum):
    """What a cell is to the others in its column or row."""

    COLUMN_HEAD = "column_head"
    ROW_HEAD = "row_head"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with the rows and columns that it covers. `[start, end)` is where its text stands
    first; an empty cell has an empty span."""

    row: int
    column: int
    text: str
    start: int
    end: int
    row_span: int = 1
    column_span: int = 1
    role: Role = Role.NONE


@dataclass(frozen=True, slots=True)
class Row:
    """A row below the head: where its line begins, and the lengths of its cells' texts, those that
    a merged cell covers included. `number` is the sheet's own, counted from 1; 0 without numbers.
    """

    start: int
    lengths: tuple[int, ...]
    number: int = 0

    @property
    def end(self) -> int:
        last = cell_spans(self.start, self.lengths)[-1][1]
        if len(self.lengths) == 1:
            return last
        return last + (2 if self.lengths[-1] else 1)  # the closing bar


@dataclass(frozen=True, slots=True)
class Merge:
    """A cell that covers others, by its upper left corner."""

    row: int
    column: int
    row_span: int
    column_span: int

    def within(self, rows: range) -> "Merge | None":
        """What of it lies in these rows."""
        top, end = max(self.row, rows.start), min(self.row + self.row_span, rows.stop)
        return replace(self, row=top, row_span=end - top) if top < end else None

    def covered(self) -> Iterator[tuple[int, int]]:
        """The places under it but its own."""
        for row in range(self.row, self.row + self.row_span):
            for column in range(self.column, self.column + self.column_span):
                if (row, column) != (self.row, self.column):
                    yield row, column


@dataclass(frozen=True, slots=True)
class Table:
    """`head` holds the cells of the first `head_row_count` rows, which share one line of text;
    `rows` are those below. Cells are made when asked for: a sheet may have millions."""

    start: int
    end: int
    column_count: int
    rows: tuple[Row, ...]
    head: tuple[Cell, ...] = ()
    head_row_count: int = 0
    head_numbers: tuple[int, ...] = ()  # of the head's rows in the sheet
    row_head_count: int = 0  # leading columns that name their rows
    merges: tuple[Merge, ...] = ()  # below the head, in order
    caption: str = ""
    page: int | None = None
    sheet: str = ""

    @property
    def row_count(self) -> int:
        return self.head_row_count + len(self.rows)

    @property
    def numbers(self) -> tuple[int, ...]:
        """By row: its number in the sheet; 0 without numbers."""
        head = self.head_numbers or (0,) * self.head_row_count
        return (*head, *(row.number for row in self.rows))

    def cells(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Cell]:
        """The head's cells and those of the rows that touch `[start, end)`, row by row; one that
        is merged with rows before them begins with them. `text` is the document's."""
        yield from self.head
        first = bisect_right(self.rows, start, key=lambda row: row.end)
        last = len(self.rows)
        if end is not None:
            last = bisect_left(self.rows, end, key=lambda row: row.start)
        rows = range(self.head_row_count + first, self.head_row_count + last)
        merges = [part for merge in self.merges if (part := merge.within(rows))]
        merged = {(merge.row, merge.column): merge for merge in merges}
        covered = {place for merge in merges for place in merge.covered()}
        for at in rows:
            index = at - self.head_row_count
            spans = cell_spans(self.rows[index].start, self.rows[index].lengths)
            for column, (begin, finish) in enumerate(spans):
                if (at, column) not in covered:
                    merge = merged.get((at, column), _ALONE)
                    role = Role.ROW_HEAD if column < self.row_head_count else Role.NONE
                    yield Cell(
                        at,
                        column,
                        text[begin:finish],
                        begin,
                        finish,
                        merge.row_span,
                        merge.column_span,
                        role,
                    )

    def shifted(self, by: int) -> "Table":
        """The same table in a text that begins `by` characters earlier."""
        return replace(
            self,
            start=self.start + by,
            end=self.end + by,
            rows=tuple(replace(row, start=row.start + by) for row in self.rows),
            head=tuple(replace(c, start=c.start + by, end=c.end + by) for c in self.head),
        )


_ALONE = Merge(0, 0, 1, 1)
