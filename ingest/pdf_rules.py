"""Rules drawn on a PDF page, and the grids that they make. Points from the lower left corner."""

from collections.abc import Iterator, Sequence
from ctypes import c_float
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pypdfium2 import PdfObject, PdfPage

_THIN = 3.0  # points: what is thicker is an area
_SHORT = 6.0
_NEAR = 3.0  # ends that should meet
_MAX_RULES = 4000  # beyond it the page is a drawing
_MAX_POINTS = 500  # of one path
_MAX_CELLS = 20_000
_MIN_BAND_WIDTH = 100.0

Box = tuple[float, float, float, float]  # left, bottom, right, top


class Rule(NamedTuple):
    """`at` is y of a horizontal rule, x of a vertical one; it runs from `start` to `end`."""

    horizontal: bool
    at: float
    start: float
    end: float


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


@dataclass(frozen=True, slots=True)
class Grid:
    """`xs` from left to right, `ys` from top to bottom: the lines that cells lie between."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    across: tuple[Rule, ...]
    down: tuple[Rule, ...]

    @property
    def box(self) -> Box:
        return self.xs[0], self.ys[-1], self.xs[-1], self.ys[0]

    @property
    def row_count(self) -> int:
        return len(self.ys) - 1

    def bottom_of(self, row: int) -> float:
        return self.ys[row + 1]

    def cells(self, row: int) -> Iterator[Box]:
        """The fields of a row; one that is merged with others in its whole size."""
        middle = (self.ys[row] + self.ys[row + 1]) / 2
        left = self.xs[0]
        for right in self.xs[1:]:
            if right is not self.xs[-1] and not _crosses(self.down, right, middle):
                continue
            centre = (left + right) / 2
            yield left, self._end(row + 1, centre, 1), right, self._end(row, centre, -1)
            left = right

    def _end(self, line: int, x: float, step: int) -> float:
        """y of the first rule at or beyond `ys[line]` that stands over or under `x`."""
        while 0 < line < len(self.ys) - 1 and not _crosses(self.across, self.ys[line], x):
            line += step
        return self.ys[line]


def _crosses(rules: Sequence[Rule], at: float, where: float) -> bool:
    return any(abs(r.at - at) <= _NEAR and r.start - _NEAR <= where <= r.end + _NEAR for r in rules)


def grids(found: Sequence[Rule]) -> Iterator[Grid]:
    """Rules that hang together, where they part rows and columns."""
    for group in _connected(found):
        across = tuple(rule for rule in group if rule.horizontal)
        down = tuple(rule for rule in group if not rule.horizontal)
        xs = _levels(rule.at for rule in down)
        ys = _levels(rule.at for rule in across)[::-1]
        if len(xs) >= 3 and len(ys) >= 3 and len(xs) * len(ys) <= _MAX_CELLS:
            yield Grid(tuple(xs), tuple(ys), across, down)


def rule_bands(found: Sequence[Rule]) -> Iterator[Box]:
    """Three horizontal rules or more of the same width above each other: a table of a paper."""
    across = sorted((r for r in found if r.horizontal), key=lambda r: (round(r.start), -r.at))
    run: list[Rule] = []
    for rule in [*across, Rule(True, 0, -1e6, -1e6)]:
        if run and abs(rule.start - run[0].start) <= 2 and abs(rule.end - run[0].end) <= 2:
            run.append(rule)
            continue
        ys = _levels(one.at for one in run)
        if len(ys) >= 3 and run[0].end - run[0].start >= _MIN_BAND_WIDTH:
            yield run[0].start, ys[0], run[0].end, ys[-1]
        run = [rule]


def _connected(found: Sequence[Rule]) -> list[list[Rule]]:
    """Groups of rules that touch each other, directly or through others."""
    across = [rule for rule in found if rule.horizontal]
    down = [rule for rule in found if not rule.horizontal]
    group_of = {id(rule): [rule] for rule in found}
    for v in down:
        for h in across:
            if group_of[id(v)] is not group_of[id(h)] and _touch(h, v):
                joined = group_of[id(v)] + group_of[id(h)]
                group_of |= {id(rule): joined for rule in joined}
    return list({id(group): group for group in group_of.values()}.values())


def _touch(h: Rule, v: Rule) -> bool:
    return (
        h.start - _NEAR <= v.at <= h.end + _NEAR and v.start - _NEAR <= h.at <= v.end + _NEAR
    )


def _levels(positions: Iterator[float]) -> list[float]:
    """Distinct positions in rising order; near ones are one."""
    ordered = sorted(positions)
    return ordered[:1] + [b for a, b in pairwise(ordered) if b - a > _NEAR]
