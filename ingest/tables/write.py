"""A grid as lines of text: titles, one line of heads, a line a row, notes below.

layout of the grid → `TableLine`s with their kind → the builder appends them → `Table`
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.tables.boxes import Box
from ingest.tables.grid import Grid
from ingest.tables.heads import HeadRule, Layout, head_texts, layout, row_head_count
from ingest.tables.labels import words_of
from ingest.tables.lines import cell_spans, row_line
from ingest.tables.types import Cell, Merge, Role, Row, Table

PlacedSpan = tuple[int, int, Box]  # start and end in the text
HEAD_JOINER = " / "  # 2025 / Q1: a head and the one above it


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line of the table, not placed yet. `number` is the row's in a sheet; 0 without numbers.
    `parts` are the texts of a title or a note with their boxes."""

    text: str
    lengths: tuple[int, ...] = ()
    number: int = 0
    parts: tuple[tuple[str, Box | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What of a grid becomes text. `head` is None where the table has none."""

    titles: tuple[TableLine, ...]
    head: TableLine | None
    rows: tuple[TableLine, ...]
    notes: tuple[TableLine, ...]
    grid: Grid
    layout: Layout

    def table(self, head_start: int, starts: Sequence[int], end: int) -> Table:
        """The table whose head line begins at `head_start` and whose rows begin at `starts`."""
        grid, rows = self.grid, self.layout
        heads = range(rows.head, rows.body)
        return Table(
            start=head_start,
            end=end,
            column_count=grid.column_count,
            rows=tuple(
                Row(start, line.lengths, line.number)
                for start, line in zip(starts, self.rows, strict=True)
            ),
            head=tuple(self._head_cells(cell_spans(head_start, self.head.lengths), heads))
            if self.head
            else (),
            head_row_count=len(heads),
            head_numbers=tuple(grid.numbers[row] for row in heads if grid.numbers[row]),
            row_head_count=row_head_count(grid, rows),
            merges=tuple(self._merges()),
        )

    def boxes(self, head_start: int | None, starts: Sequence[int]) -> Iterator[PlacedSpan]:
        """Where the texts in the head line stand, and in the rows that begin at `starts`."""
        grid, rows = self.grid, self.layout
        if not grid.boxes:
            return
        if head_start is not None and self.head is not None:
            yield from self._head_boxes(cell_spans(head_start, self.head.lengths))
        for start, row, line in zip(starts, range(rows.body, rows.notes), self.rows, strict=True):
            for column, (begin, end) in enumerate(cell_spans(start, line.lengths)):
                if begin < end and (box := grid.box(row, column)):
                    yield begin, end, box

    def _head_boxes(self, spans: list[tuple[int, int]]) -> Iterator[PlacedSpan]:
        """Of each head, `spans` being those of the columns."""
        heads = range(self.layout.head, self.layout.body)
        by_column = head_texts(self.grid, heads)
        for column, (start, _) in enumerate(spans):
            at = start
            for text in by_column[column]:
                row = next(row for row in heads if self.grid.texts[row][column] == text)
                if box := self.grid.box(row, column):
                    yield at, at + len(text), box
                at += len(text) + len(HEAD_JOINER)

    def _head_cells(self, spans: list[tuple[int, int]], heads: range) -> Iterator[Cell]:
        """Each head once, placed where it stands first in the line with the cells `spans`."""
        placed: dict[tuple[int, str], int] = {}  # by column and text
        for column, texts in enumerate(head_texts(self.grid, heads)):
            at = spans[min(column, len(spans) - 1)][0]
            for text in texts:
                placed[column, text] = at
                at += len(text) + len(HEAD_JOINER)
        for row in heads:
            for column, text in enumerate(self.grid.texts[row]):
                if self.grid.origin(row, column) == (row, column):
                    start = placed.get((column, text), spans[min(column, len(spans) - 1)][0])
                    down, across = self.grid.span(row, column)
                    yield Cell(
                        row=row - heads.start,
                        column=column,
                        text=text,
                        start=start,
                        end=start + len(text),
                        row_span=min(down, heads.stop - row),
                        column_span=across,
                        role=Role.COLUMN_HEAD,
                    )

    def _merges(self) -> Iterator[Merge]:
        first, body, notes = self.layout.head, self.layout.body, self.layout.notes
        for (row, column), (row_span, column_span) in sorted(self.grid.merges.items()):
            top = max(row, body)  # a head may be merged with cells below it
            bottom = min(row + row_span, notes)
            if top < bottom and (bottom - top) * column_span > 1:
                yield Merge(top - first, column, bottom - top, column_span)


def write(grid: Grid, rule: HeadRule, *, sparse_titles: bool = False) -> Written:
    """The lines of a grid."""
    found = layout(grid, rule, sparse_titles=sparse_titles)
    heads = range(found.head, found.body)
    head = None
    columns = head_texts(grid, heads)
    if heads:
        text, lengths = row_line([HEAD_JOINER.join(texts) for texts in columns])
        head = TableLine(text, lengths, grid.numbers[heads[-1]])
    return Written(
        tuple(_single(grid, row) for row in range(found.head)),
        head,
        tuple(_body(grid, row, columns) for row in range(found.body, found.notes)),
        tuple(_single(grid, row) for row in range(found.notes, grid.row_count)),
        grid,
        found,
    )


def _single(grid: Grid, row: int) -> TableLine:
    """A title or a note: words, no cells."""
    cells = grid.cells(row)
    parts = tuple((text, grid.box(row, column)) for column, text in cells) if grid.boxes else ()
    words = words_of([text for _, text in cells])
    return TableLine(words, number=grid.numbers[row], parts=parts)


def _body(grid: Grid, row: int, heads: Sequence[Sequence[str]]) -> TableLine:
    """A row. What one cell fills altogether, a heading inside the table, is written once, and so is
    a cell over several columns that have no `heads`: a value in a form."""
    texts = grid.texts[row]
    if grid.fills_row(row):
        texts = [texts[0], *[""] * (len(texts) - 1)]
    elif grid.covered:
        texts = [
            "" if grid.origin(row, column)[1] < column and not heads[column] else text
            for column, text in enumerate(texts)
        ]
    text, lengths = row_line(texts)
    return TableLine(text, lengths, grid.numbers[row])
