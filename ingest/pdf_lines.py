"""Lines of a PDF's pages with their place and type size, through PDFium."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from ctypes import create_string_buffer
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.clean import CJK
from ingest.errors import ParseError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfTextPage

_PDFIUM = threading.Lock()  # the library is not thread-safe
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_HYPHENATED = "\ufffe"  # PDFium's mark in place of a hyphen and the line end behind it
_SPACE_IN_CJK = re.compile(f"(?<=[{CJK}])[ ](?=[{CJK}])")
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*\d{1,4}[-–—\s]*|第\s*\d+\s*页.{0,12}|(?:Page\s*)?\d{1,4}\s*(?:/|of)\s*\d{1,4}",
    re.IGNORECASE,
)
_BOLD = re.compile(rb"bold|black|heavy|medi\b|simhei|\bhei", re.IGNORECASE)  # in font names
_EDGE_LINES = 2  # at the top and the bottom of a page where running titles stand


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. Points from the page's lower left corner; all 0 where unknown."""

    text: str
    size: float = 0.0  # of the type, rounded to half a point
    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    hyphenated: bool = False  # the last word goes on in the next line
    bold: bool = False


def read_pages(
    data: bytes, name: str, on_page: Callable[[int, int], None] | None = None
) -> list[list[Line]]:
    """The lines of every page, page numbers and running titles left out.

    Raises ParseError `encrypted` or `broken`.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    with _PDFIUM:
        try:
            pdf = PdfDocument(data)
        except PdfiumError as error:
            raise _refusal(name, error.err_code) from error
        try:
            return _without_running_lines(_all_pages(pdf, on_page))
        except PdfiumError as error:
            raise _refusal(name, None) from error
        finally:
            pdf.close()


def _refusal(name: str, code: int | None) -> ParseError:
    if code == _PASSWORD_ERROR:
        return ParseError(
            f"{name} is protected with a password. Remove the password and upload it again.",
            code="encrypted",
        )
    return ParseError(f"{name} is damaged or not a PDF. Export it again and retry.")


def _all_pages(pdf: "PdfDocument", on_page: Callable[[int, int], None] | None) -> list[list[Line]]:
    pages: list[list[Line]] = []
    total = len(pdf)
    for index in range(total):
        page = pdf[index]
        text_page = page.get_textpage()
        pages.append(_lines(text_page))
        text_page.close()
        page.close()
        if on_page:
            on_page(index + 1, total)
    return pages


def _lines(page: "PdfTextPage") -> list[Line]:
    text = page.get_text_range()
    placed = len(text) == page.count_chars()  # else positions in the text are no character indices
    # Justified Chinese may come out with a space after every character.
    spaced_out = len(_SPACE_IN_CJK.findall(text)) > 0.2 * len(re.findall(f"[{CJK}]", text))
    lines: list[Line] = []
    for match in re.finditer(f"[^\r\n{_HYPHENATED}]+{_HYPHENATED}?", text):
        line = match[0].rstrip(_HYPHENATED)
        if not line.strip():
            continue
        shown = _SPACE_IN_CJK.sub("", line) if spaced_out else line
        hyphenated = match[0].endswith(_HYPHENATED)
        found = Line(shown.strip(), hyphenated=hyphenated)
        if placed:
            first = match.start() + len(line) - len(line.lstrip())
            found = _place(page, found, first, match.start() + len(line.rstrip()) - 1)
        lines.append(found)
    return lines


def _place(page: "PdfTextPage", line: Line, first: int, last: int) -> Line:
    """`line` with its place; `first` and `last` are the indices of its outer characters."""
    from pypdfium2 import raw

    size = raw.FPDFText_GetFontSize(page, (first + last) // 2)
    left, bottom, _, top = page.get_charbox(first, loose=True)
    _, _, right, _ = page.get_charbox(last, loose=True)
    # A font of size 1 under a scaled matrix: the box tells the real size.
    size = size if size > 2 else (top - bottom) / 1.2
    bold = _is_bold(page, first) and _is_bold(page, last)
    return replace(line, size=round(size * 2) / 2, left=left, right=right, bottom=bottom, bold=bold)


def _is_bold(page: "PdfTextPage", index: int) -> bool:
    from pypdfium2 import raw

    name = create_string_buffer(128)
    raw.FPDFText_GetFontInfo(page, index, name, len(name), None)
    return bool(_BOLD.search(name.value))


def _without_running_lines(pages: list[list[Line]]) -> list[list[Line]]:
    """Drop page numbers, and edge lines that come back on at least half of three pages or more."""
    if len(pages) < 2:
        return pages
    seen = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    often = {key for key, count in seen.items() if count >= max(3, len(pages) / 2)}
    kept: list[list[Line]] = []
    for page in pages:
        edges = {id(line) for line in _edges(page)}
        kept.append(
            [
                line
                for line in page
                if id(line) not in edges
                or not (_key(line) in often or _PAGE_NUMBER.fullmatch(line.text))
            ]
        )
    return kept


def _edges(page: list[Line]) -> list[Line]:
    return page[:_EDGE_LINES] + page[-_EDGE_LINES:]


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)
