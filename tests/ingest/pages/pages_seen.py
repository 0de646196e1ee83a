"""What PDFium sees in the areas that the runs of a document name, and PDFs to look at."""

import io
import re
from collections.abc import Iterator

from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from pypdfium2 import PdfDocument, raw

from ingest.clean import clean
from ingest.runs import SCALE, Area
from ingest.types import Document

_INSET = 0.6  # points, so that neighbours stay outside


def folded(text: str) -> str:
    """Without what joining lines changes: white space, and hyphens at line ends."""
    return re.sub(r"\s", "", clean(text.replace("\ufffe", "")))


def said_and_seen(document: Document, pdf: bytes) -> Iterator[tuple[str, str]]:
    """Of every run: its text, and the words that PDFium finds in its area, both folded."""
    opened = PdfDocument(pdf)
    try:
        for each in document.runs:
            page = opened[each.page - 1]
            text_page = page.get_textpage()
            for run in each.runs():
                box = _in_page(page, run.area)
                yield (
                    folded(document.text[run.start : run.end]),
                    folded(text_page.get_text_bounded(*box)),
                )
    finally:
        opened.close()


def _in_page(page: object, area: Area) -> tuple[float, float, float, float]:
    from ctypes import c_double

    x, y = c_double(), c_double()
    corners = []
    for left, top in ((area.left, area.top), (area.right, area.bottom)):
        raw.FPDF_DeviceToPage(page, 0, 0, SCALE, SCALE, 0, left, top, x, y)
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1) = corners
    left, right, bottom, top = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    return left - _INSET, bottom + _INSET, right + _INSET, top - _INSET


def turned(pdf: bytes, angle: int) -> bytes:
    """The PDF with its pages shown turned with the clock."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for page in writer.pages:
        page.rotate(angle)
    return _written(writer)


def drawn_sideways(pdf: bytes, angle: int) -> bytes:
    """The PDF with the contents of its pages turned with the clock; they are shown turned, too."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(turned(pdf, angle))))
    for page in writer.pages:
        page.transfer_rotation_to_content()
    return _written(writer)


def cropped(pdf: bytes, left: float, bottom: float, right: float, top: float) -> bytes:
    """The PDF of which only this part of each page is shown."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for page in writer.pages:
        page.cropbox = RectangleObject((left, bottom, right, top))
    return _written(writer)


def resized(pdf: bytes, width: float, height: float) -> bytes:
    """The PDF on pages of this size in points."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for page in writer.pages:
        page.mediabox = RectangleObject((0, 0, width, height))
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
