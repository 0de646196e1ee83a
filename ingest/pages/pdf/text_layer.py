"""Lines of a PDF page's text layer with their place and type size, through PDFium."""

import re
from collections.abc import Iterator
from ctypes import create_string_buffer
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.clean import CJK
from ingest.pages.lines import Line
from ingest.tables.boxes import Box, around

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_HYPHENATED = "\ufffe"  # PDFium's mark in place of a hyphen and the line end behind it
SPACE_IN_CJK = re.compile(f"(?<=[{CJK}])[ ](?=[{CJK}])")
_CODES = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SAMPLED = 60
_DISTINCT = 4
_SCALED = 2  # points; no text is so small
_BOX_OF_SIZE = 1.2  # height of a character's box
_UNMAPPED_SHARE = 0.05  # of the page's characters
_WORD_OF_CODES = 3  # characters beside each other
_SPACES = re.compile(r"\s+")
_BOLD = re.compile(rb"bold|black|heavy|medi\b|simhei|\bhei", re.IGNORECASE)  # in font names


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line between gaps; `first` and `last` are indices of characters."""

    first: int
    last: int
    left: float
    right: float


def text_lines(page: "PdfTextPage") -> list[Line]:
    text = page.get_text_range()
    placed = len(text) == page.count_chars()  # else positions in the text are no character indices
    # Justified Chinese may come out with a space after every character.
    spaced_out = len(SPACE_IN_CJK.findall(text)) > 0.2 * len(re.findall(f"[{CJK}]", text))
    lines: list[Line] = []
    for match in re.finditer(f"[^\r\n{_HYPHENATED}]+{_HYPHENATED}?", text):
        line = match[0].rstrip(_HYPHENATED)
        if not line.strip():
            continue
        shown = SPACE_IN_CJK.sub("", line) if spaced_out else line
        hyphenated = match[0].endswith(_HYPHENATED)
        if placed:
            first = match.start() + len(line) - len(line.lstrip())
            last = match.start() + len(line.rstrip()) - 1
            lines.append(placed_line(page, shown.strip(), hyphenated, first, last))
        else:
            lines.append(Line(shown.strip(), hyphenated=hyphenated))
    return lines


def unmapped_words(page: "PdfTextPage") -> list[str]:
    """What PDFium gives for letters and figures in fonts that do not say which characters they
    draw: codes, which need not be those of what is shown. Some sixty characters tell whether there
    are any, and those that no font draws. Few different ones are bullets and the like: none."""
    from pypdfium2 import raw

    text = page.get_text_range()
    if len(text) != page.count_chars():
        return []
    step = max(len(text) // _SAMPLED, 1)
    sample = {*range(0, len(text), step), *(code.start() for code in _CODES.finditer(text))}
    if not any(raw.FPDFText_HasUnicodeMapError(page, n) == 1 for n in sample):
        return []
    unmapped = [raw.FPDFText_HasUnicodeMapError(page, n) == 1 for n in range(len(text))]
    shown = "".join(c if bad else " " for c, bad in zip(text, unmapped, strict=True))
    words = shown.split()
    few = sum(map(len, words)) < _UNMAPPED_SHARE * len("".join(text.split()))
    if few and max(map(len, words), default=0) < _WORD_OF_CODES:
        return []  # icons, or signs of formulas, in a text that is known
    return words if len(set(shown)) > _DISTINCT else []


def type_size(page: "PdfTextPage", index: int) -> float:
    """Of a character. Where a font of size 1 stands under a scaled matrix, its box tells it."""
    from pypdfium2 import raw

    size: float = raw.FPDFText_GetFontSize(page, index)
    if size > _SCALED:
        return size
    _, bottom, _, top = page.get_charbox(index, loose=True)
    return float(top - bottom) / _BOX_OF_SIZE


def placed_line(page: "PdfTextPage", text: str, hyphenated: bool, first: int, last: int) -> Line:
    """A line with its place; `first` and `last` are the indices of its outer characters."""
    from pypdfium2 import raw

    middle = (first + last) // 2
    while middle > first and raw.FPDFText_IsGenerated(page, middle) == 1:
        middle -= 1  # a space that PDFium has put in, which has no size
    left, bottom, _, _ = begin = page.get_charbox(first, loose=True)
    _, _, right, _ = end = page.get_charbox(last, loose=True)
    bold = _is_bold(page, first) and _is_bold(page, last)
    return Line(
        text,
        size=round(type_size(page, middle) * 2) / 2,
        left=left,
        right=right,
        bottom=bottom,
        hyphenated=hyphenated,
        bold=bold,
        first=first,
        last=last,
        box=around((begin, end) if end[2] > begin[0] else _boxes(page, first, last)),
    )


def parts_of(line: Line, page: "PdfTextPage", *, gap: float) -> list[Part]:
    """The line cut at spaces that are wider than `gap` times the type size; PDFium puts one in at
    every wide gap."""
    text = page.get_text_range(line.first, line.last - line.first + 1)
    found: list[Part] = []
    first, left = line.first, line.left
    for space in _SPACES.finditer(text):
        before, after = line.first + space.start() - 1, line.first + space.end()
        if before < first or after > line.last:
            continue
        end, start = page.get_charbox(before)[2], page.get_charbox(after)[0]
        if start - end > gap * max(line.size, 5):
            found.append(Part(first, before, left, end))
            first, left = after, start
    return [*found, Part(first, line.last, left, line.right)]


def _boxes(page: "PdfTextPage", first: int, last: int) -> Iterator[Box]:
    """Of all characters of a line that runs backwards, whose ends do not tell how far it goes."""
    for index in range(first, last + 1):
        yield page.get_charbox(index, loose=True)


def _is_bold(page: "PdfTextPage", index: int) -> bool:
    from pypdfium2 import raw

    name = create_string_buffer(128)
    raw.FPDFText_GetFontInfo(page, index, name, len(name), None)
    return bool(_BOLD.search(name.value))


def characters_left_of(page: "PdfTextPage", line: Line, x: float) -> int:
    """How many of the line's characters begin left of `x`, spaces not counted."""
    count = 0
    for index in range(line.first, line.last + 1):
        if page.get_charbox(index)[0] < x and not page.get_text_range(index, 1).isspace():
            count += 1
    return count
