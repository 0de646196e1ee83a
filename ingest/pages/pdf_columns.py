"""Pages of two or three columns whose lines are drawn across: each column is read by itself.

PDFium makes one line of what is drawn side by side. Here lines are cut at gutters, strips that many
lines leave blank, and put into the order of columns. Where columns are drawn one behind the other
the order is right already.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from ingest.pages.lines import Line
from ingest.pages.pdf_lines import SPACE_IN_CJK, placed_line

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_SPACES = re.compile(r"\s+")
_SAMPLED_LINES = 12
_MAX_GAPS = 1000
_MIN_LINES = 4  # that leave the same strip blank
_MIN_GUTTER = 0.9  # of the type size
_MIN_COLUMN = 12.0  # type sizes: narrower columns are those of a table
_FULL_LINE = 0.7  # of its column's width: running text fills most of its lines


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a line between gaps."""

    first: int
    last: int
    left: float
    right: float


def in_columns(lines: list[Line], page: "PdfTextPage") -> list[Line]:
    """`lines`, those that lie across columns cut up and put in the order of columns."""
    pairs = _pairs(lines)
    wide = [line for line in lines if _is_candidate(line)]
    sample = wide[:: max(1, len(wide) // _SAMPLED_LINES)]
    looks_cut = sum(len(_parts(line, page)) > 1 for line in sample) >= _MIN_LINES / 2
    if not looks_cut and len(pairs) < _MIN_LINES:
        return lines  # the usual page, for a few lines' cost
    parts = {id(line): _parts(line, page) for line in wide}
    rows = [*pairs, *(cut for cut in parts.values() if len(cut) > 1)]
    if len(rows) < _MIN_LINES:
        return lines
    gutters = _gutters(rows)
    size = median(line.size for line in lines)
    if not gutters or not _is_running_text(rows, size, gutters):
        return lines
    return _ordered(lines, parts, gutters, page)


def _pairs(lines: Sequence[Line]) -> list[list[_Part]]:
    """Neighbours in the order of drawing that stand side by side: columns drawn across whose lines
    are not at the same height."""
    return [
        [_whole(before), _whole(after)]
        for before, after in pairwise(lines)
        if before.right > before.left
        and after.left - before.right > _MIN_GUTTER * max(before.size, 5)
        and abs(after.bottom - before.bottom) < 1.2 * max(before.size, 5)
    ]


def _whole(line: Line) -> _Part:
    return _Part(line.first, line.last, line.left, line.right)


def _is_candidate(line: Line) -> bool:
    return line.last > line.first and line.right - line.left > 2 * _MIN_COLUMN * max(line.size, 5)


def _parts(line: Line, page: "PdfTextPage") -> list[_Part]:
    """The line cut at spaces that are wider than a space; PDFium puts one in at every wide gap."""
    text = page.get_text_range(line.first, line.last - line.first + 1)
    found: list[_Part] = []
    first, left = line.first, line.left
    for space in _SPACES.finditer(text):
        before, after = line.first + space.start() - 1, line.first + space.end()
        if before < first or after > line.last:
            continue
        end, start = page.get_charbox(before)[2], page.get_charbox(after)[0]
        if start - end > _MIN_GUTTER * max(line.size, 5):
            found.append(_Part(first, before, left, end))
            first, left = after, start
    return [*found, _Part(first, line.last, left, line.right)]


def _gutters(cut: Sequence[Sequence[_Part]]) -> list[tuple[float, float]]:
    """Blank strips that most of the cut lines share, from left to right; two at most."""
    gaps = [(before.right, after.left) for parts in cut for before, after in pairwise(parts)]
    found: list[tuple[float, float]] = []
    for left, right in sorted(gaps)[:_MAX_GAPS]:
        if any(a < right and left < b for a, b in found):
            continue
        x = (left + right) / 2
        shared = [(a, b) for a, b in gaps if a <= x <= b]
        if len(shared) >= max(_MIN_LINES, 0.6 * len(cut)):
            found.append((max(a for a, _ in shared), min(b for _, b in shared)))
    return [(a, b) for a, b in found if b > a][:3] if len(found) <= 2 else []


def _is_running_text(
    rows: Sequence[Sequence[_Part]], size: float, gutters: Sequence[tuple[float, float]]
) -> bool:
    """Whether the columns hold text that fills its lines, not the cells of a table."""
    for column in range(len(gutters) + 1):
        widths = [width for row in rows if (width := _width(row, gutters, column))]
        if len(widths) < _MIN_LINES or max(widths) < _MIN_COLUMN * max(size, 5):
            return False
        full = sum(width >= _FULL_LINE * max(widths) for width in widths)
        if full < _FULL_LINE * len(widths):
            return False
    return True


def _column(x: float, gutters: Sequence[tuple[float, float]]) -> int:
    return sum(x > (a + b) / 2 for a, b in gutters)


def _width(parts: Sequence[_Part], gutters: Sequence[tuple[float, float]], column: int) -> float:
    held = [part for part in parts if _column((part.left + part.right) / 2, gutters) == column]
    return held[-1].right - held[0].left if held else 0.0


def _ordered(
    lines: Sequence[Line],
    parts: dict[int, list[_Part]],
    gutters: Sequence[tuple[float, float]],
    page: "PdfTextPage",
) -> list[Line]:
    """Bands of columns between lines that lie across the gutters, such as a title."""
    ordered: list[Line] = []
    columns: list[list[Line]] = [[] for _ in range(len(gutters) + 1)]
    for line in lines:
        pieces = _cut(line, parts.get(id(line), []), gutters, page)
        if not pieces:
            ordered += [piece for column in columns for piece in column]
            columns = [[] for _ in columns]
            ordered.append(line)
        for column, piece in pieces:
            columns[column].append(piece)
    return [*ordered, *(piece for column in columns for piece in column)]


def _cut(
    line: Line, parts: Sequence[_Part], gutters: Sequence[tuple[float, float]], page: "PdfTextPage"
) -> list[tuple[int, Line]]:
    """The line's pieces with their columns; none where it lies across a gutter or is unplaced."""
    pieces: dict[int, tuple[_Part, _Part]] = {}
    for part in parts or [_whole(line)]:
        if part.right <= part.left or any(part.left < a and part.right > b for a, b in gutters):
            return []
        column = _column((part.left + part.right) / 2, gutters)
        pieces[column] = (pieces[column][0] if column in pieces else part, part)
    if len(pieces) == 1:
        return [(next(iter(pieces)), line)]
    return [
        (column, _piece(line, first, last, page))
        for column, (first, last) in sorted(pieces.items())
    ]


def _piece(line: Line, first: _Part, last: _Part, page: "PdfTextPage") -> Line:
    text = page.get_text_range(first.first, last.last - first.first + 1).strip()
    if not SPACE_IN_CJK.search(line.text):
        text = SPACE_IN_CJK.sub("", text)  # as in the whole line
    goes_on = line.hyphenated and last.last == line.last
    return placed_line(page, text, goes_on, first.first, last.last)
