"""Boxes of recognised text to lines: rows by height, columns by gutters, tables by alignment."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.clean import unwrap
from ingest.pages.lines import Line, table_line
from ingest.pages.rules import Grid, Rule, grids
from ingest.tables.boxes import Box as Area
from ingest.tables.boxes import around
from ingest.tables.columns import Placed, placed_rows
from ingest.tables.grid import Field

_MIN_COLUMN_BOXES = 6
_COLUMN_WIDTH = 0.3  # of the page: boxes this wide are lines of running text
_SAME_ROW = 0.5  # of the lower box's height must overlap
_WORD_GAP = 1.0  # of the height: wider gaps part cells


@dataclass(frozen=True, slots=True)
class OcrBox:
    """Recognised text; pixels from the upper left corner, `score` from 0 to 1."""

    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> Area:
        return self.left, self.top, self.right, self.bottom

    def repeats(self, other: "OcrBox") -> bool:
        """Whether both are one line, read twice where two pieces of a picture overlap."""
        overlap = min(self.bottom, other.bottom) - max(self.top, other.top)
        beside = min(self.right, other.right) - max(self.left, other.left)
        return overlap > _SAME_ROW * min(self.height, other.height) and beside > _SAME_ROW * min(
            self.width, other.width
        )


def to_lines(boxes: Sequence[OcrBox], rules: Sequence[Rule], width: int, height: int) -> list[Line]:
    """Lines in reading order, those in a drawn grid as a table. Their `box` and those of cells are
    in pixels from the upper left corner.

    Type sizes stay unknown: heights of boxes are too uneven.
    """
    tables: list[tuple[float, Line]] = []  # y of the upper side
    for grid in grids(rules):
        inside = [box for box in boxes if _in(box, grid.box, height)]
        rows = _grid_rows(grid, inside, height)
        if sum(sum(bool(cell.text or cell.above) for cell in row) > 1 for row in rows) > 1:
            boxes = [box for box in boxes if box not in inside]
            left, bottom, right, top = grid.box
            tables.append((top, table_line(rows, left, right, bottom)))
    lines = _flowing(boxes, width, height)
    for top, table in sorted(tables, key=lambda each: -each[0]):
        place = next((n for n, line in enumerate(lines) if line.bottom < top), len(lines))
        lines.insert(place, table)
    return lines


def _in(box: OcrBox, area: tuple[float, float, float, float], height: int) -> bool:
    left, bottom, right, top = area
    x, y = (box.left + box.right) / 2, height - (box.top + box.bottom) / 2
    return left <= x <= right and bottom <= y <= top


def _grid_rows(grid: Grid, boxes: Sequence[OcrBox], height: int) -> list[list[Field]]:
    rows: list[list[Field]] = []
    for number in range(grid.row_count):
        rows.append([])
        for column, wide, area in grid.cells(number):
            inside = [box for box in boxes if area and _in(box, area, height)]
            held = _rows(inside)
            text = unwrap("\n".join(" ".join(box.text for box in row) for row in held))
            where = around(box.area for box in inside)
            rows[-1].append(Field(text, wide, column=column, above=area is None, box=where))
    return rows


def _flowing(boxes: Sequence[OcrBox], width: int, height: int) -> list[Line]:
    """Text outside of grids, column by column."""
    gutter = _gutter(boxes, width)
    if gutter is None:
        return _rows_to_lines(_rows(boxes), height)
    across = [box for box in boxes if box.left < gutter < box.right]
    lines: list[Line] = []
    top = 0.0
    for end in [*sorted(box.top for box in across), float("inf")]:
        band = [box for box in boxes if box not in across and top <= box.top < end]
        for column in (
            [b for b in band if b.right <= gutter],
            [b for b in band if b.left >= gutter],
        ):
            lines += _rows_to_lines(_rows(column), height)
        lines += _rows_to_lines([[box] for box in across if box.top == end], height)
        top = end
    return lines


def _gutter(boxes: Sequence[OcrBox], width: int) -> float | None:
    """Where a page of two columns parts, which nearly no box crosses."""
    wide = [box for box in boxes if box.width > _COLUMN_WIDTH * width]
    best: tuple[int, float] | None = None
    for x in (width * share / 100 for share in range(40, 61, 2)):
        left = [box for box in wide if box.right <= x]
        right = [box for box in wide if box.left >= x]
        crossing = sum(box.left < x < box.right for box in boxes)
        enough = min(len(left), len(right)) >= _MIN_COLUMN_BOXES
        if enough and crossing <= 0.15 * len(boxes) and (best is None or crossing < best[0]):
            best = (crossing, x)
    return best[1] if best else None


def _rows(boxes: Sequence[OcrBox]) -> list[list[OcrBox]]:
    """Boxes that stand beside each other, from left to right."""
    rows: list[list[OcrBox]] = []
    for box in sorted(boxes, key=lambda box: (box.top + box.bottom) / 2):
        if rows and _beside(rows[-1], box):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda box: box.left) for row in rows]


def _beside(row: Sequence[OcrBox], box: OcrBox) -> bool:
    first = row[0]
    overlap = min(first.bottom, box.bottom) - max(first.top, box.top)
    if overlap <= _SAME_ROW * min(first.height, box.height):
        return False
    return all(min(o.right, box.right) - max(o.left, box.left) <= box.height for o in row)


def _rows_to_lines(rows: list[list[OcrBox]], height: int) -> list[Line]:
    """Two rows of several cells or more, one under the other, are a table."""
    lines: list[Line] = []
    table: list[list[OcrBox]] = []
    for row in [*rows, []]:
        if len(_cells(row)) > 1:
            table.append(row)
            continue
        if len(table) > 1:
            lines.append(_table(table, height))
        else:
            lines += [_text_line(alone, height) for alone in table]
        table = []
        lines += [_text_line(row, height)] if row else []
    return lines


def _text_line(row: Sequence[OcrBox], height: int) -> Line:
    text = " ".join(cell.text for cell in _cells(row))
    where = around(box.area for box in row)
    return Line(text, left=row[0].left, right=row[-1].right, bottom=_foot(row, height), box=where)


def _table(rows: Sequence[Sequence[OcrBox]], height: int) -> Line:
    boxes = [box for row in rows for box in row]
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    fields = placed_rows([_cells(row) for row in rows])
    return table_line(fields, left, right, _foot(boxes, height))


def _foot(boxes: Sequence[OcrBox], height: int) -> float:
    return height - max(box.bottom for box in boxes)


def _cells(row: Sequence[OcrBox]) -> list[Placed]:
    """Texts of the row; boxes with no more than a space between them belong together."""
    cells = [Placed(box.text, box.left, box.right, box.area) for box in row[:1]]
    for before, box in pairwise(row):
        if box.left - before.right < _WORD_GAP * min(before.height, box.height):
            last = cells[-1]
            where = around((last.box, box.area))
            cells[-1] = Placed(f"{last.text} {box.text}", last.left, box.right, where)
        else:
            cells.append(Placed(box.text, box.left, box.right, box.area))
    return cells
