"""Rules drawn on a PDF page, in points from its lower left corner."""

from collections.abc import Iterator
from ctypes import c_float
from typing import TYPE_CHECKING

from ingest.pages.rules import Rule

if TYPE_CHECKING:
    from pypdfium2 import PdfObject, PdfPage

_THIN = 3.0  # points: what is thicker is an area
_SHORT = 6.0
_MAX_RULES = 4000  # beyond it the page is a drawing
_MAX_POINTS = 500  # of one path


def rules(page: "PdfPage") -> list[Rule]:
    """All straight rules along the axes; empty where the page is a drawing."""
    from pypdfium2 import raw

    found: list[Rule] = []
    for path in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=2):
        found += _rules_of(path)
        if len(found) > _MAX_RULES:
            return []
    return found


def _rules_of(path: "PdfObject") -> Iterator[Rule]:
    from pypdfium2 import raw

    left, bottom, right, top = path.get_bounds()
    width, height = right - left, top - bottom
    if height <= _THIN and width >= _SHORT:
        yield Rule(True, (bottom + top) / 2, left, right)
    elif width <= _THIN and height >= _SHORT:
        yield Rule(False, (left + right) / 2, bottom, top)
    elif width >= _SHORT and height >= _SHORT:
        count = raw.FPDFPath_CountSegments(path)
        if count <= _MAX_POINTS:
            yield from _edges(path, count)


def _edges(path: "PdfObject", count: int) -> Iterator[Rule]:
    """The straight sides of a path of several: a rectangle, or a whole grid in one go."""
    from pypdfium2 import raw

    matrix = path.get_matrix()
    x, y = c_float(), c_float()
    before = begin = (0.0, 0.0)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            begin = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield from _edge(before, point)
        if raw.FPDFPathSegment_GetClose(segment):
            yield from _edge(point, begin)
        before = point


def _edge(a: tuple[float, float], b: tuple[float, float]) -> Iterator[Rule]:
    if abs(a[1] - b[1]) <= 1 and abs(a[0] - b[0]) >= _SHORT:
        yield Rule(True, (a[1] + b[1]) / 2, min(a[0], b[0]), max(a[0], b[0]))
    elif abs(a[0] - b[0]) <= 1 and abs(a[1] - b[1]) >= _SHORT:
        yield Rule(False, (a[0] + b[0]) / 2, min(a[1], b[1]), max(a[1], b[1]))
