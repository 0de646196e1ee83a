"""Tables of a PDF page without any rules: lines whose words stand in the same columns."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from ingest.clean import unwrap
from ingest.pages.lines import Line, table_line
from ingest.pages.pdf.text_layer import Part, parts_of
from ingest.tables.boxes import around
from ingest.tables.columns import Placed, placed_rows
from ingest.tables.contents import is_number
from ingest.tables.grid import Field

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_GAP = 1.5  # type sizes between two columns; words of a justified line are closer
_LOOSE = 2.5  # type sizes that a line is wider than its characters
_MIN_ROWS = 3
_PITCH = 2.6  # type sizes from one row to the next
_WIDER = 1.25  # times the pitch of the rows: what follows is no row
_LIST_MARK = re.compile(
    r"[•●○▪■◆◦‣·–—-]|[(（]?(?:\d{1,3}|[一二三四五六七八九十]{1,3}|[a-zA-Z])[.)）、．]"
    r"|\d{1,2}(?:\.\d{1,2}){1,3}|第.{1,4}[条章节]|[①-⑳]"
)

_Row = tuple[Line, list[Part]]


def with_loose_tables(lines: list[Line], page: "PdfTextPage") -> list[Line]:
    """`lines` with runs of rows that share their columns replaced by tables."""
    if sum(map(_is_loose, lines)) < _MIN_ROWS:
        return lines
    put: list[Line] = []
    run: list[_Row] = []
    for line in lines:
        parts = _parts(line, page) if run or _is_loose(line) else []
        if run and not (parts and _follows(line, run[-1][0])):
            put += _tables(run, page)
            run = []
            parts = parts if _is_loose(line) else []
        if len(parts) > 1 or (run and parts):
            run.append((line, parts))
        else:
            put.append(line)
    return [*put, *_tables(run, page)]


def _is_loose(line: Line) -> bool:
    """Whether the line is wider than its characters make it."""
    if line.rows or line.last <= line.first:
        return False
    return line.right - line.left > max(line.size, 5) * (_type_sizes(line.text) + _LOOSE)


def _type_sizes(text: str) -> float:
    """About how wide a text is: a Chinese character, of three bytes, twice as wide as others."""
    wide = (len(text.encode(errors="replace")) - len(text)) / 2
    return wide + (len(text) - wide) / 2


def _follows(line: Line, before: Line) -> bool:
    return 0 < before.bottom - line.bottom <= _PITCH * max(before.size, line.size, 5)


def _parts(line: Line, page: "PdfTextPage") -> list[Part]:
    """The line's cells; the mark of a list item is no cell."""
    if line.rows or line.right <= line.left:
        return []
    parts = parts_of(line, page, gap=_GAP)
    if len(parts) > 1 and _LIST_MARK.fullmatch(_words(parts[0], page)):
        parts[:2] = [Part(parts[0].first, parts[1].last, parts[0].left, parts[1].right)]
    return parts


def _tables(run: Sequence[_Row], page: "PdfTextPage") -> Iterator[Line]:
    """The run as tables where its columns hold, and the paragraphs close to them; else its lines
    as they are."""
    second = min((parts[1].left for _, parts in run if len(parts) > 1), default=0.0)
    rows: list[_Row] = []
    groups = [(alone, list(group)) for alone, group in groupby(run, partial(_is_alone, second))]
    for number, (alone, group) in enumerate(groups, start=1):
        wide = (at for at, (line, _) in enumerate(group) if line.right > second)
        at = next(wide, len(group)) if alone else len(group)
        if len(group) - at == 1 and number < len(groups):
            at += 1  # a single line over the columns may be a heading inside the table
        rows += group[:at]
        if at < len(group):
            yield from _table(rows, second, page)
            yield from (line for line, _ in group[at:])
            rows = []
    yield from _table(rows, second, page)


def _is_alone(second: float, row: _Row) -> bool:
    """Whether the row is one text that begins left of the second column."""
    line, parts = row
    return len(parts) == 1 and not _is_wrapped(parts, second - line.size)


def _is_wrapped(parts: Sequence[Part], second: float) -> bool:
    return parts[0].left >= second


def _table(rows: list[_Row], second: float, page: "PdfTextPage") -> Iterator[Line]:
    """The rows as a table; as lines where they make none, or where nobody can tell."""
    last = _last_row(rows)
    cells = _cells(rows[:last], second, page)
    several = [len(row) for row in cells if len(row) > 1]
    if len(several) >= _MIN_ROWS and len(several) > len(cells) / 2:
        fields = placed_rows(cells)
        if _columns(fields) == max(several):
            lines = [line for line, _ in rows[:last]]
            left, right = min(line.left for line in lines), max(line.right for line in lines)
            yield table_line(fields, left, right, lines[-1].bottom, ruled=False)
            rows = rows[last:]
    yield from (line for line, _ in rows)


def _last_row(rows: Sequence[_Row]) -> int:
    """Where the rows end: a single text behind a wider gap than those between rows is none."""
    last = len(rows)
    pitches = [
        above.bottom - line.bottom for (above, _), (line, parts) in pairwise(rows) if len(parts) > 1
    ]
    while last > 1 and len(rows[last - 1][1]) == 1:
        if rows[last - 2][0].bottom - rows[last - 1][0].bottom > _WIDER * max(pitches, default=0):
            return last - 1
        last -= 1
    return len(rows)


def _cells(rows: Sequence[_Row], second: float, page: "PdfTextPage") -> list[list[Placed]]:
    """The texts of each row. A line that begins in the second column goes on in the row above, if
    it is no number; none at all where such a line has several parts, which may be a row as well."""
    found: list[list[Placed]] = []
    for number, (line, parts) in enumerate(rows):
        placed = [_placed(line, part, page) for part in parts]
        wrapped = number > 0 and _is_wrapped(parts, second - line.size)
        if not wrapped or all(is_number(cell.text) for cell in placed):
            found.append(placed)
        elif len(parts) > 1:
            return []
        else:
            found[-1] = _continued(found[-1], placed[0])
    return found


def _continued(row: list[Placed], more: Placed) -> list[Placed]:
    """The row with `more` below its last text that reaches over it, or else behind all."""
    for number, cell in enumerate(row):
        if min(cell.right, more.right) > max(cell.left, more.left):
            joined = Placed(
                unwrap(f"{cell.text}\n{more.text}"),
                min(cell.left, more.left),
                max(cell.right, more.right),
                around((cell.box, more.box)),
            )
            return [*row[:number], joined, *row[number + 1 :]]
    return [*row, more]


def _columns(rows: Sequence[Sequence[Field]]) -> int:
    return max((cell.column or 0) + cell.column_span for row in rows for cell in row)


def _placed(line: Line, part: Part, page: "PdfTextPage") -> Placed:
    box = line.box and (part.left, line.box[1], part.right, line.box[3])
    return Placed(_words(part, page), part.left, part.right, box)


def _words(part: Part, page: "PdfTextPage") -> str:
    words: str = page.get_text_range(part.first, part.last - part.first + 1)
    return words.strip()
