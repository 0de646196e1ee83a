"""Pages of a PDF as lines, through PDFium: text, ruled tables, scans."""

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.pages.lines import Line
from ingest.pages.pdf_annotations import (
    Typed,
    TypedTextPage,
    typed_texts,
    with_typed,
)
from ingest.pages.pdf_columns import in_columns
from ingest.pages.pdf_lines import characters_left_of, text_lines
from ingest.pages.pdf_tables import with_tables
from ingest.parsing.parser import PageProgress

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_PDFIUM = threading.Lock()  # the library is not thread-safe
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_MIN_CHARACTERS = 12  # below it any picture on the page may hold the text
_MAX_STAMP_CHARACTERS = 150  # of text laid over a scan: a camera app's line, a date stamp
_COVERED_SHARE = 0.5
_MAX_PICTURES = 200
_SCAN_SIDE_PX = 2000  # what text recognition looks at
_LETTER = re.compile(r"[^\W_]")
_UNREADABLE = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U0010fffd]")


def read_pages(data: bytes, name: str, on_page: PageProgress | None = None) -> list[list[Line]]:
    """The lines of every page.

    Raises ParseError `encrypted` or `broken`.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    with _PDFIUM:
        try:
            pdf = PdfDocument(data)
        except PdfiumError as error:
            raise _refusal(name, error.err_code) from error
        try:
            pdf.init_forms()
            return _all_pages(pdf, on_page)
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
        pages.append(_page_lines(pdf, index))
        if on_page:
            on_page(index + 1, total)
    return pages


def _page_lines(pdf: "PdfDocument", index: int) -> list[Line]:
    page = pdf[index]
    try:
        return _with_picture(page, _text_lines(page, typed_texts(pdf, page)))
    finally:
        page.close()


def _text_lines(page: "PdfPage", typed: Sequence[Typed]) -> list[Line]:
    text_page = page.get_textpage()
    try:
        lines = in_columns(text_lines(text_page), text_page)
        if not typed:
            return with_tables(page, text_page, lines)
        lines = with_typed(lines, typed, partial(characters_left_of, text_page))
        return with_tables(page, TypedTextPage(text_page, typed), lines)
    finally:
        text_page.close()


def _with_picture(page: "PdfPage", lines: list[Line]) -> list[Line]:
    """With what is recognised in pictures, where the page's own text is none or only a stamp."""
    text = "".join(line.text for line in lines)
    letters = sum(1 for _ in islice(_LETTER.finditer(text), _MAX_STAMP_CHARACTERS))
    hidden = not letters or len(_UNREADABLE.findall(text)) > 0.5 * len(text)
    little = letters < _MIN_CHARACTERS or hidden
    if little and _is_picture(page, hidden=hidden):
        found = _recognised(page, own_text=hidden)
    elif letters < _MAX_STAMP_CHARACTERS and _is_covered(page):
        found = _recognised(page, own_text=False)
    else:
        return lines
    if hidden and found:
        return found
    middle = page.get_height() / 2
    above = [line for line in lines if line.bottom > middle]
    return [*above, *found, *(line for line in lines if line.bottom <= middle)]


def _is_picture(page: "PdfPage", *, hidden: bool) -> bool:
    """Letters in private codes, `hidden` from us, are a picture as well."""
    from pypdfium2 import raw

    kinds = [raw.FPDF_PAGEOBJ_IMAGE, *([raw.FPDF_PAGEOBJ_TEXT] if hidden else [])]
    return next(page.get_objects(filter=kinds), None) is not None


def _is_covered(page: "PdfPage") -> bool:
    """Whether pictures lie over most of the page."""
    from pypdfium2 import raw

    pictures = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    bounds = (picture.get_bounds() for picture in islice(pictures, _MAX_PICTURES))
    area = sum((right - left) * (top - bottom) for left, bottom, right, top in bounds)
    return bool(area > _COVERED_SHARE * page.get_width() * page.get_height())


def _recognised(page: "PdfPage", *, own_text: bool) -> list[Line]:
    """Lines found in the page's picture, in points; drawn without the page's own text unless
    `own_text`."""
    from pypdfium2 import raw

    from ingest.pages.ocr import picture_lines

    if not own_text:
        for words in list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=1)):
            page.remove_obj(words)
    scale = min(_SCAN_SIDE_PX / max(page.get_width(), page.get_height(), 1), 8)
    bitmap = page.render(scale=scale)
    try:
        return [_in_points(line, scale) for line in picture_lines(bitmap.to_pil())]
    finally:
        bitmap.close()


def _in_points(line: Line, scale: float) -> Line:
    return replace(
        line, left=line.left / scale, right=line.right / scale, bottom=line.bottom / scale
    )
