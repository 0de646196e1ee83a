"""Fills a grid from the rows of a file: every cell in its column, whatever is merged or empty.

The one way from any format to a table. A merged cell's text stands in each place that it covers, so
that a row can be read by itself; `merges` remember that it is one cell.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.clean import clean, one_line
from ingest.tables.boxes import Box
from ingest.tables.lines import cell_text

MAX_COLUMNS = 2000
_MAX_ROW_SPAN = 20_000
_MAX_MERGED = 500_000  # places under merged cells; later spans count as one place

CellPosition = tuple[int, int]  # row, column


class Field(NamedTuple):
    """A cell as a file gives it. `column` where the file says it, else the next that is free;
    `head` where the file says that it is one. A row span of 0 reaches to the last row; `above`
    makes an empty cell a part of the one over it. `box` is where it stands on its page."""

    text: str
    column_span: int = 1
    row_span: int = 1
    column: int | None = None
    head: bool = False
    above: bool = False
    box: Box | None = None


FileRow = Sequence[str | Field]


class TooManyColumns(ValueError):
    """A row is longer than `MAX_COLUMNS`."""

    def __init__(self, columns: int) -> None:
        super().__init__(f"{columns:,} columns")
        self.columns = columns


@dataclass(slots=True)
class Grid:
    """`texts[row][column]`, all rows equally long. `merges` are row and column span by upper left
    corner, `covered` leads from every other place of a merged cell to it. `declared` are the places
    that the file calls heads. `numbers` are the rows' own in a sheet. `boxes` say where cells stand
    on their page, by upper left corner."""

    texts: list[list[str]] = field(default_factory=list)
    merges: dict[CellPosition, tuple[int, int]] = field(default_factory=dict)
    covered: dict[CellPosition, CellPosition] = field(default_factory=dict)
    declared: set[CellPosition] = field(default_factory=set)
    numbers: list[int] = field(default_factory=list)
    boxes: dict[CellPosition, Box] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        return len(self.texts)

    @property
    def column_count(self) -> int:
        return len(self.texts[0]) if self.texts else 0

    def origin(self, row: int, column: int) -> CellPosition:
        """The upper left corner of the cell at this place."""
        return self.covered.get((row, column), (row, column))

    def box(self, row: int, column: int) -> Box | None:
        """Where the cell at this place stands on its page, if that is known."""
        return self.boxes.get(self.origin(row, column))

    def span(self, row: int, column: int) -> tuple[int, int]:
        """Rows and columns of the cell at this place."""
        return self.merges.get(self.origin(row, column), (1, 1))

    def merge(self, row: int, column: int, row_span: int, column_span: int) -> None:
        """Make these places one cell, with the text of its upper left corner."""
        text = self.texts[row][column]
        self.merges[row, column] = (row_span, column_span)
        for r in range(row, row + row_span):
            for c in range(column, column + column_span):
                if (r, c) != (row, column):
                    self.covered[r, c] = (row, column)
                    self.texts[r][c] = text

    def cells(self, row: int) -> list[tuple[int, str]]:
        """Column and text of the row's cells that are not empty; a merged one once."""
        found = []
        for column, text in enumerate(self.texts[row]):
            if text and (not self.covered or self.origin(row, column)[1] == column):
                found.append((column, text))
        return found

    def fills_row(self, row: int) -> bool:
        """Whether one merged cell takes the whole row."""
        return self.column_count > 1 and self.span(row, 0)[1] == self.column_count


def fill(
    rows: Iterable[FileRow], numbers: Sequence[int] = (), *, columns: Collection[int] = ()
) -> Grid:
    """The grid of a table. Rows and columns that are empty altogether are left out, but for the
    `columns` that other parts of it use; every other empty cell is kept. Raises TooManyColumns."""
    grid = _filled(rows, numbers)
    return _compact(grid, {*columns, *_used(grid)})


def used_columns(rows: Iterable[FileRow]) -> set[int]:
    """The columns that `fill` keeps of these rows. Raises TooManyColumns."""
    return _used(_filled(rows, ()))


def _filled(rows: Iterable[FileRow], numbers: Sequence[int]) -> Grid:
    filler = _Filler()
    for number, fields in enumerate(rows):
        filler.add(fields)
        filler.grid.numbers.append(numbers[number] if number < len(numbers) else 0)
    width = max(map(len, filler.grid.texts), default=0)
    for texts in filler.grid.texts:
        texts.extend([""] * (width - len(texts)))
    return filler.grid


def _used(grid: Grid) -> set[int]:
    """The columns in which something begins."""
    return {column for column in range(grid.column_count) if _begins_in_column(grid, column)}


@dataclass(slots=True)
class _Filler:
    """`hanging`: by column, how many rows a cell from above still reaches down, and its place."""

    grid: Grid = field(default_factory=Grid)
    hanging: dict[int, tuple[int, CellPosition]] = field(default_factory=dict)
    left: int = _MAX_MERGED

    def add(self, fields: FileRow) -> None:
        """The next row: each cell at its column, or at the next one that no other cell takes."""
        if not self.hanging and all(isinstance(each, str) for each in fields):
            texts = [_clean(text) for text in fields if isinstance(text, str)]
        else:
            placed = self._hung()
            at = 0
            for each in fields:
                cell = Field(each) if isinstance(each, str) else each
                at = at if cell.column is None else cell.column
                while at in placed:
                    at += 1
                at = self._lay(cell, at, placed)
            texts = [placed.get(column, "") for column in range(max(placed, default=-1) + 1)]
        if len(texts) > MAX_COLUMNS:
            raise TooManyColumns(len(texts))
        self.grid.texts.append(texts)

    def _hung(self) -> dict[int, str]:
        """What hangs down into the row, by column."""
        row = self.grid.row_count
        placed: dict[int, str] = {}
        for column, (rows_left, origin) in list(self.hanging.items()):
            placed[column] = self.grid.texts[origin[0]][origin[1]]
            self.grid.covered[row, column] = origin
            self.grid.merges[origin] = (row - origin[0] + 1, self.grid.merges[origin][1])
            self.left -= 1
            if rows_left > 1 and self.left > 0:
                self.hanging[column] = (rows_left - 1, origin)
            else:
                del self.hanging[column]
        return placed

    def _lay(self, cell: Field, at: int, placed: dict[int, str]) -> int:
        """Put the cell into the columns from `at` on; returns the next column."""
        row, text = self.grid.row_count, _clean(cell.text)
        wanted = min(max(cell.column_span, 1), MAX_COLUMNS) if self.left > 0 else 1
        end = next((c for c in range(at + 1, at + wanted) if c in placed), at + wanted)
        below = (cell.row_span or _MAX_ROW_SPAN) - 1 if self.left > 0 else 0
        origin = (row, at)
        if cell.above and not text and row and at < len(self.grid.texts[row - 1]):
            text = self.grid.texts[row - 1][at]
            origin = self.grid.origin(row - 1, at)
            self.grid.merges[origin] = (row - origin[0] + 1, self.grid.span(*origin)[1])
        elif end - at > 1 or below > 0:
            self.grid.merges[origin] = (1, end - at)
            self.left -= end - at
        if cell.box is not None and text:
            self.grid.boxes.setdefault(origin, cell.box)
        for column in range(at, end):
            placed[column] = text
            if (row, column) != origin:
                self.grid.covered[row, column] = origin
            if cell.head:
                self.grid.declared.add((row, column))
            if below > 0:
                self.hanging[column] = (min(below, _MAX_ROW_SPAN), origin)
        return end


def _clean(text: str) -> str:
    return cell_text(one_line(clean(text)))


def _compact(grid: Grid, used: Collection[int]) -> Grid:
    """Without rows and columns in which nothing begins: they are blank, or what a merged cell
    reaches into in every other row or column as well."""
    grid.merges = {place: span for place, span in grid.merges.items() if span != (1, 1)}
    rows = [row for row in range(grid.row_count) if _begins_in_row(grid, row)]
    columns = [column for column in range(grid.column_count) if column in used]
    if len(rows) == grid.row_count and len(columns) == grid.column_count:
        return grid
    row_at = {row: at for at, row in enumerate(rows)}
    column_at = {column: at for at, column in enumerate(columns)}
    made = Grid(
        texts=[[grid.texts[row][column] for column in columns] for row in rows],
        declared={
            (row_at[row], column_at[column])
            for row, column in grid.declared
            if row in row_at and column in column_at
        },
        numbers=[grid.numbers[row] for row in rows],
        boxes={
            (row_at[row], column_at[column]): box
            for (row, column), box in grid.boxes.items()
            if row in row_at and column in column_at
        },
    )
    for (row, column), (down, across) in grid.merges.items():
        merged_rows = [row_at[r] for r in range(row, row + down) if r in row_at]
        merged_columns = [column_at[c] for c in range(column, column + across) if c in column_at]
        if merged_rows and merged_columns and len(merged_rows) * len(merged_columns) > 1:
            made.merge(merged_rows[0], merged_columns[0], len(merged_rows), len(merged_columns))
        if merged_rows and merged_columns and (row, column) in grid.boxes:
            made.boxes[merged_rows[0], merged_columns[0]] = grid.boxes[row, column]
    return made


def _begins_in_row(grid: Grid, row: int) -> bool:
    texts = grid.texts[row]
    if not grid.covered:
        return any(texts)
    return any(text and grid.origin(row, column)[0] == row for column, text in enumerate(texts))


def _begins_in_column(grid: Grid, column: int) -> bool:
    if not grid.covered:
        return any(texts[column] for texts in grid.texts)
    return any(
        texts[column] and grid.origin(row, column)[1] == column
        for row, texts in enumerate(grid.texts)
    )
