"""Pages of two or three columns whose lines are drawn across: each column is read by itself.

PDFium makes one line of what is drawn side by side. Here lines are cut at gutters, strips that many
lines leave blank, and put into the order of columns. Where columns are drawn one behind the other
the order is right already.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from ingest.pages.lines import Line
from ingest.pages.pdf.text_layer import SPACE_IN_CJK, Part, parts_of, placed_line

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_PUNCTUATION = re.compile(r"[，。；！？：、]|[,.;!?](?:\s|$)")
_SAMPLED_LINES = 12
_MAX_GAPS = 1000
_MIN_LINES = 4  # that leave the same strip blank
_MIN_GUTTER = 0.9  # of the type size
_MIN_COLUMN = 12.0  # type sizes: narrower columns are those of a table,
_MIN_COLUMN_OF_SENTENCES = 7.0  # unless punctuation runs through them
_TITLE_SCALE = 1.2  # of the type size: what stands above all columns
_FULL_LINE = 0.7  # of its column's width: running text fills most of its lines


def in_columns(lines: list[Line], page: "PdfTextPage") -> list[Line]:
    """`lines`, those that lie across columns cut up and put in the order of columns."""
    pairs = _pairs(lines)
    wide = [line for line in lines if _is_candidate(line)]
    sample = wide[:: max(1, len(wide) // _SAMPLED_LINES)]
    looks_cut = (
        sum(len(parts_of(line, page, gap=_MIN_GUTTER)) > 1 for line in sample) >= _MIN_LINES / 2
    )
    if not looks_cut and len(pairs) < _MIN_LINES:
        return lines  # the usual page, for a few lines' cost
    parts = {id(line): parts_of(line, page, gap=_MIN_GUTTER) for line in wide}
    rows = [*pairs, *(cut for cut in parts.values() if len(cut) > 1)]
    if len(rows) < _MIN_LINES:
        return lines
    gutters = _gutters(rows)
    size = median(line.size for line in lines)
    if not gutters or not _is_running_text(rows, size, gutters, page):
        return lines
    return _ordered(lines, parts, gutters, page)


def _pairs(lines: Sequence[Line]) -> list[list[Part]]:
    """Neighbours in the order of drawing that stand side by side: columns drawn across whose lines
    are not at the same height."""
    return [
        [_whole(before), _whole(after)]
        for before, after in pairwise(lines)
        if before.right > before.left
        and after.left - before.right > _MIN_GUTTER * max(before.size, 5)
        and abs(after.bottom - before.bottom) < 1.2 * max(before.size, 5)
    ]


def _whole(line: Line) -> Part:
    return Part(line.first, line.last, line.left, line.right)


def _is_candidate(line: Line) -> bool:
    return line.last > line.first and line.right - line.left > 2 * _MIN_COLUMN * max(line.size, 5)


def _gutters(cut: Sequence[Sequence[Part]]) -> list[tuple[float, float]]:
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
    rows: Sequence[Sequence[Part]],
    size: float,
    gutters: Sequence[tuple[float, float]],
    page: "PdfTextPage",
) -> bool:
    """Whether the columns hold text that fills its lines, not the cells of a table."""
    for column in range(len(gutters) + 1):
        held = [part for row in rows if (part := _part_in(row, gutters, column))]
        widest = max((part.right - part.left for part in held), default=0.0)
        narrow = widest < _MIN_COLUMN * max(size, 5)
        if len(held) < _MIN_LINES or widest < _MIN_COLUMN_OF_SENTENCES * max(size, 5):
            return False
        full = sum(part.right - part.left >= _FULL_LINE * widest for part in held)
        if full < _FULL_LINE * len(held):
            return False
        if narrow and sum(_is_punctuated(part, page) for part in held) < len(held) / 2:
            return False
    return True


def _is_punctuated(part: Part, page: "PdfTextPage") -> bool:
    text = page.get_text_range(part.first, part.last - part.first + 1)
    return _PUNCTUATION.search(text) is not None


def _column(x: float, gutters: Sequence[tuple[float, float]]) -> int:
    return sum(x > (a + b) / 2 for a, b in gutters)


def _part_in(
    parts: Sequence[Part], gutters: Sequence[tuple[float, float]], column: int
) -> Part | None:
    held = [part for part in parts if _column((part.left + part.right) / 2, gutters) == column]
    if not held:
        return None
    return Part(held[0].first, held[-1].last, held[0].left, held[-1].right)


def _ordered(
    lines: Sequence[Line],
    parts: dict[int, list[Part]],
    gutters: Sequence[tuple[float, float]],
    page: "PdfTextPage",
) -> list[Line]:
    """Bands of columns between lines that lie across the gutters, such as a title."""
    ordered: list[Line] = []
    columns: list[list[Line]] = [[] for _ in range(len(gutters) + 1)]
    usual = median(line.size for line in lines)
    for line in lines:
        above = line.size > _TITLE_SCALE * usual and not any(columns)
        pieces = [] if above else _cut(line, parts.get(id(line), []), gutters, page)
        if not pieces:
            ordered += [piece for column in columns for piece in column]
            columns = [[] for _ in columns]
            ordered.append(line)
        for column, piece in pieces:
            columns[column].append(piece)
    return [*ordered, *(piece for column in columns for piece in column)]


def _cut(
    line: Line, parts: Sequence[Part], gutters: Sequence[tuple[float, float]], page: "PdfTextPage"
) -> list[tuple[int, Line]]:
    """The line's pieces with their columns; none where it lies across a gutter or is unplaced."""
    pieces: dict[int, tuple[Part, Part]] = {}
    for part in parts or [_whole(line)]:
        if part.right <= part.left or any(_lies_in(part, gutter) for gutter in gutters):
            return []
        column = _column((part.left + part.right) / 2, gutters)
        pieces[column] = (pieces[column][0] if column in pieces else part, part)
    if len(pieces) == 1:
        return [(next(iter(pieces)), line)]
    return [
        (column, _piece(line, first, last, page))
        for column, (first, last) in sorted(pieces.items())
    ]


def _lies_in(part: Part, gutter: tuple[float, float]) -> bool:
    """Across the gutter, or in its middle as a short title does."""
    left, right = gutter
    return min(part.right, right) - max(part.left, left) > (right - left) / 2


def _piece(line: Line, first: Part, last: Part, page: "PdfTextPage") -> Line:
    text = page.get_text_range(first.first, last.last - first.first + 1).strip()
    if not SPACE_IN_CJK.search(line.text):
        text = SPACE_IN_CJK.sub("", text)  # as in the whole line
    goes_on = line.hyphenated and last.last == line.last
    return placed_line(page, text, goes_on, first.first, last.last)
