"""Tables of a PDF page, by the lines that are drawn around and between their cells.

Two kinds: grids, whose cells are the fields between horizontal and vertical rules, and tables with
horizontal rules only, as papers have them, whose columns are told by the gaps between words.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from ingest.clean import CJK, clean, unwrap
from ingest.pages.lines import Line, table_line
from ingest.pages.pdf.rules import rules
from ingest.pages.rules import Band, Grid, bands, grids
from ingest.tables.boxes import Box, around
from ingest.tables.columns import Placed, placed_rows
from ingest.tables.contents import is_number
from ingest.tables.grid import Field

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_CELL_GAP = 0.9  # of the type size: wider gaps part cells where no rule does
_WORD_GAP = 0.15
_SAME_ROW = 0.35  # of the type size, between the feet of two lines
_MIN_ROW_CELLS = 2
_NO_HEADING = re.compile(
    r"^[续續附]?(?:[表图圖]|table\b|figure\b)\s?[\dA-Z一二三四五六七八九十]|[。.！!？?；;]$",
    re.IGNORECASE,
)
_HEAD_AND_BODY = 3  # rules; more part rows, or groups of them
_MIN_WRAPPED_CHARACTERS = 10  # of Latin; one of Chinese is as wide as two
_WIDE = re.compile(f"[{CJK}]")
_MAX_WRAPPED = 6  # lines of one row
_LABELLED = re.compile(r"\n(?=[^\s：:，。]{1,12}[：:])")  # `label: value`, line by line in a cell


def with_tables(page: "PdfPage", text: "PdfTextPage", lines: list[Line]) -> list[Line]:
    """`lines` with those that lie in a table replaced by it."""
    placed = [line for line in lines if line.right > line.left]
    if not placed:
        return lines
    found = rules(page)
    ruled = bands(found)
    closed = [
        grid
        for grid in grids(found)
        if all(band.is_as_wide(grid) or not band.holds(grid) for band in ruled)
    ]
    for grid in closed:
        lines = _put(lines, grid.box, _grid_rows(grid, text))
    taken = {rule for grid in closed for rule in grid.across}
    for whole in bands([rule for rule in found if rule not in taken]):
        for band in _tables_in(whole, lines, text):
            lines = _put(lines, band.box, _banded_rows(_inside(lines, band.box), band, text))
    return lines


def _tables_in(band: Band, lines: Sequence[Line], text: "PdfTextPage") -> Iterator[Band]:
    """A band cut where no row of several cells stands between two of its rules. One line between
    them is a heading inside the table, unless it is a sentence or names another table."""
    left, _, right, _ = band.box
    first = last = 0  # rules of the table so far: its top, and the last one below a row of cells
    for number, (top, bottom) in enumerate(pairwise(band.ys), start=1):
        held = _inside(lines, (left, bottom, right, top))
        feet = {round(line.bottom) for line in held}
        if len(feet) < len(held) or any(
            line.rows or len(_split(line, band.xs, text)) > 1 for line in held
        ):
            last = number
        elif len(held) != 1 or last == first or _NO_HEADING.search(held[0].text):
            if last > first + 1:
                yield band.between(first, last)
            first = last = number
    if last > first + 1:
        yield band.between(first, last)


def _put(lines: list[Line], box: Box, rows: list[list[Field]]) -> list[Line]:
    """The table in the place of the first line that lies in `box`."""
    inside = {id(line) for line in _inside(lines, box)}
    if len(rows) < 2 or not inside or any(line.rows for line in lines if id(line) in inside):
        return lines
    left, bottom, right, _ = box
    put: list[Line] = []
    done = False
    for line in lines:
        if id(line) not in inside:
            put.append(line)
        elif not done:
            put.append(table_line(rows, left, right, bottom))
            done = True
    return put


def _inside(lines: Sequence[Line], box: Box) -> list[Line]:
    left, bottom, right, top = box
    return [
        line
        for line in lines
        if left - 3 <= (line.left + line.right) / 2 <= right + 3
        and bottom - 1 <= line.bottom + line.size / 3 <= top
        and line.right > line.left
    ]


def _grid_rows(grid: Grid, text: "PdfTextPage") -> list[list[Field]]:
    rows: list[list[Field]] = []
    for number in range(grid.row_count):
        rows.append([])
        for column, wide, box in grid.cells(number):
            words = _words_in(box, text) if box else ""
            rows[-1].append(Field(words, wide, column=column, above=box is None, box=box))
    several = sum(len([cell for cell in row if cell.text or cell.above]) > 1 for row in rows)
    return rows if several >= _MIN_ROW_CELLS else []  # else a frame around running text


def _words_in(box: Box, text: "PdfTextPage") -> str:
    left, bottom, right, top = box
    inner = text.get_text_bounded(left + 0.5, bottom + 0.5, right - 0.5, top - 0.5)
    lines = _LABELLED.split(clean(inner.replace("\ufffe", "")).strip())
    return " ".join(map(unwrap, lines))


def _banded_rows(lines: Sequence[Line], band: Band, text: "PdfTextPage") -> list[list[Field]]:
    """Lines with the same foot are one row; rules and gaps between words part its cells."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.bottom):
        if rows and abs(rows[-1][0].bottom - line.bottom) <= _SAME_ROW * max(line.size, 6):
            rows[-1].append(line)
        else:
            rows.append([line])
    made = [
        [
            cell
            for line in sorted(row, key=lambda line: line.left)
            for cell in _split(line, band.xs, text)
        ]
        for row in rows
    ]
    several = sum(len(row) > 1 for row in made)
    if several < max(_MIN_ROW_CELLS, 0.5 * len(made)):
        return []
    feet = [row[0].bottom + row[0].size / 3 for row in rows]
    return _rows_between(placed_rows(made), feet, band.ys)


def _rows_between(
    rows: list[list[Field]], feet: Sequence[float], ys: Sequence[float]
) -> list[list[Field]]:
    """Lines at these feet as rows. Those between two rules are one row if only one of them begins
    it and no numbers stand below each other; else a line without numbers that does not begin a row
    goes on in the cells above it."""
    found: list[list[Field]] = []
    groups = groupby(zip(rows, feet, strict=True), key=lambda at: sum(at[1] < y for y in ys))
    for _, placed in groups:
        group = [row for row, _ in placed]
        head = not found and len(group) < len(rows)
        if _is_one_row(group, ruled=len(ys) > _HEAD_AND_BODY, head=head):
            found.append(_merged(group))
            continue
        for number, row in enumerate(group):
            begun = {cell.column for cell in row}
            above = {cell.column for cell in found[-1]} if found and number else set()
            goes_on = 0 not in begun and begun and begun <= above
            if goes_on and not _begins(row, found[-1]):
                found[-1] = _merged([found[-1], row])
            else:
                found.append(row)
    return found


def _is_one_row(group: Sequence[Sequence[Field]], *, ruled: bool, head: bool) -> bool:
    if not 1 < len(group) <= _MAX_WRAPPED:
        return False
    if any(cell.column_span > 1 for row in group for cell in row):
        return False  # heads over several columns
    named = not head and any(_is_full(row, group[0]) for row in group[1:])
    if named and not (ruled and _may_wrap(group)):
        return False  # rows of one name, which is said once
    numbers = Counter(cell.column for row in group for cell in row if is_number(cell.text))
    begun = sum(any(cell.column == 0 for cell in row) for row in group)
    return begun == 1 and max(numbers.values(), default=0) < 2  # below each other


def _begins(row: Sequence[Field], above: Sequence[Field]) -> bool:
    """Whether the line is a row of its own below one whose name it shares."""
    if any(is_number(cell.text) for cell in row):
        return True
    words_go_on = _may_wrap([above]) and all(cell.text[:1].islower() for cell in row)
    return _is_full(row, above) and not words_go_on


def _is_full(row: Sequence[Field], above: Sequence[Field]) -> bool:
    """Whether the row has a cell below each one of several above it, but for the first."""
    others = {cell.column for cell in above} - {0}
    return len(others) > 1 and others <= {cell.column for cell in row}


def _may_wrap(group: Sequence[Sequence[Field]]) -> bool:
    return any(
        len(cell.text) + len(_WIDE.findall(cell.text)) >= _MIN_WRAPPED_CHARACTERS
        for cell in group[0]
        if cell.column
    )


def _continued(cell: Field, below: Field) -> Field:
    words = unwrap(f"{cell.text}\n{below.text}")
    return cell._replace(text=words, box=around((cell.box, below.box)))


def _merged(group: Sequence[Sequence[Field]]) -> list[Field]:
    """One row of several lines."""
    cells: dict[int | None, Field] = {}
    for cell in (cell for row in group for cell in row):
        before = cells.get(cell.column)
        cells[cell.column] = cell if before is None else _continued(before, cell)
    return [cells[column] for column in sorted(cells, key=lambda column: column or 0)]


def _split(line: Line, xs: Sequence[float], text: "PdfTextPage") -> list[Placed]:
    """The line's words, parted at the rules `xs` and where the gap is wide."""
    cells: list[Placed] = []
    end: float | None = None
    for index in range(line.first, line.last + 1):
        left, _, right, _ = text.get_charbox(index, loose=True)
        character = text.get_text_range(index, 1)
        if character.isspace():
            continue
        size = max(line.size, 5)
        gap = size if end is None else left - end
        ruled = end is not None and any(end - 0.5 <= x <= left + 0.5 for x in xs)
        if gap > _CELL_GAP * size or (ruled and gap > _WORD_GAP * size):
            cells.append(Placed(character, left, right, _box(line, left, right)))
        else:
            space = " " if gap > _WORD_GAP * size else ""
            before = cells[-1]
            box = _box(line, before.left, right)
            cells[-1] = Placed(before.text + space + character, before.left, right, box)
        end = max(right, left)
    return cells or [Placed(line.text, line.left, line.right, line.box)]


def _box(line: Line, left: float, right: float) -> Box | None:
    """A part of the line at its height."""
    return line.box and (left, line.box[1], right, line.box[3])
