"""Pages of a PDF as lines, through PDFium: text, ruled tables, scans."""

import re
import threading
from itertools import islice
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.pages.lines import Line
from ingest.pages.pdf_lines import text_lines
from ingest.pages.pdf_tables import with_tables
from ingest.pages.running import without_running_lines
from ingest.parsing.parser import PageProgress

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_PDFIUM = threading.Lock()  # the library is not thread-safe
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_MIN_CHARACTERS = 12  # a scan may carry a stamp or a page number as text
_SCAN_SIDE_PX = 2000  # what text recognition looks at
_LETTER = re.compile(r"[^\W_]")
_UNREADABLE = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U0010fffd]")


def read_pages(data: bytes, name: str, on_page: PageProgress | None = None) -> list[list[Line]]:
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
            return without_running_lines(_all_pages(pdf, on_page))
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


def _all_pages(pdf: "PdfDocument", on_page: PageProgress | None) -> list[list[Line]]:
    pages: list[list[Line]] = []
    total = len(pdf)
    for index in range(total):
        page = pdf[index]
        pages.append(_page_lines(page))
        page.close()
        if on_page:
            on_page(index + 1, total)
    return pages


def _page_lines(page: "PdfPage") -> list[Line]:
    text_page = page.get_textpage()
    try:
        lines = with_tables(page, text_page, text_lines(text_page))
    finally:
        text_page.close()
    text = "".join(line.text for line in lines)
    letters = sum(1 for _ in islice(_LETTER.finditer(text), _MIN_CHARACTERS))
    hidden = not letters or len(_UNREADABLE.findall(text)) > 0.5 * len(text)
    if (letters < _MIN_CHARACTERS or hidden) and _is_picture(page, hidden=hidden):
        return _recognised(page) or lines
    return lines


def _is_picture(page: "PdfPage", *, hidden: bool) -> bool:
    """Letters in private codes, `hidden` from us, are a picture as well."""
    from pypdfium2 import raw

    kinds = [raw.FPDF_PAGEOBJ_IMAGE, *([raw.FPDF_PAGEOBJ_TEXT] if hidden else [])]
    return next(page.get_objects(filter=kinds), None) is not None


def _recognised(page: "PdfPage") -> list[Line]:
    from ingest.pages.ocr import picture_lines

    scale = _SCAN_SIDE_PX / max(page.get_width(), page.get_height(), 1)
    bitmap = page.render(scale=min(scale, 8))
    try:
        return picture_lines(bitmap.to_pil())
    finally:
        bitmap.close()
