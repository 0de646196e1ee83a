"""Pages whose text runs up, down or upside down are turned, so that all readers see it upright.

Tables drawn sideways, as for a page that is shown in landscape, would else have rows for columns.
"""

from ctypes import byref
from math import pi
from typing import TYPE_CHECKING

from ingest.parsing.page_view import Matrix

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_SAMPLE = 200  # characters looked at
_MOST = 0.8  # of them run in one direction


def upright(page: "PdfPage", text: "PdfTextPage") -> Matrix | None:
    """How the page's points must move for its text to run from left to right; None if it does."""
    directions = _directions(text)
    quarters = max(directions, key=directions.count, default=0)
    if not quarters or directions.count(quarters) <= _MOST * len(directions):
        return None
    left, bottom, right, top = page.get_cropbox()
    match quarters:
        case 1:
            return (0, 1, -1, 0, top, -left)
        case 2:
            return (-1, 0, 0, -1, right, top)
        case _:
            return (0, -1, 1, 0, -bottom, right)


def turn(page: "PdfPage", matrix: Matrix) -> None:
    """Turns the page's contents, in memory only. They are seen once the page is opened again."""
    from pypdfium2 import raw

    left, bottom, right, top = page.get_cropbox()
    raw.FPDFPage_TransFormWithClip(page, byref(raw.FS_MATRIX(*matrix)), None)
    raw.FPDFPage_TransformAnnots(page, *matrix)
    width, height = right - left, top - bottom
    box = (0, 0, width, height) if matrix[0] else (0, 0, height, width)
    page.set_mediabox(*box)
    page.set_cropbox(*box)
    page.set_rotation(0)


def _directions(text: "PdfTextPage") -> list[int]:
    """Of characters here and there, in quarter turns with the clock."""
    from pypdfium2 import raw

    count = text.count_chars()
    return [
        round(raw.FPDFText_GetCharAngle(text, index) / (pi / 2)) % 4
        for index in range(0, count, max(1, count // _SAMPLE))
        if raw.FPDFText_IsGenerated(text, index) == 0  # PDFium puts in spaces and line ends
    ]
