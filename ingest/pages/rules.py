"""Rules drawn on a page, and the grids that they make. Lengths in points or pixels, y upwards."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ingest.tables.boxes import Box

_NEAR = 3.0  # ends that should meet
_SAME = 1.0  # ends of rules drawn to one width
_MAX_CELLS = 20_000
_MIN_BAND_WIDTH = 100.0
_MOST = 0.8  # of a table's height


class Rule(NamedTuple):
    """`at` is y of a horizontal rule, x of a vertical one; it runs from `start` to `end`."""

    horizontal: bool
    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Grid:
    """`xs` from left to right, `ys` from top to bottom: the lines that cells lie between."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    across: tuple[Rule, ...]
    down: tuple[Rule, ...]

    @property
    def box(self) -> Box:
        """Left, bottom, right, top."""
        return self.xs[0], self.ys[-1], self.xs[-1], self.ys[0]

    @property
    def row_count(self) -> int:
        return len(self.ys) - 1

    def cells(self, row: int) -> Iterator[tuple[int, int, Box | None]]:
        """First column, number of columns and field of each cell in a row; one that is merged with
        the cells below in its whole size, and None in the rows that it reaches into."""
        middle = (self.ys[row] + self.ys[row + 1]) / 2
        first = 0
        for last, right in enumerate(self.xs[1:], start=1):
            if right is not self.xs[-1] and not _crosses(self.down, right, middle):
                continue
            left = self.xs[first]
            centre = (left + right) / 2
            top = self._end(row, centre, -1)
            box = (left, self._end(row + 1, centre, 1), right, top)
            yield first, last - first, box if top == self.ys[row] else None
            first = last

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


@dataclass(frozen=True, slots=True)
class Band:
    """The space between horizontal rules of one width: left, bottom, right, top. `xs` are the
    vertical rules inside, `ys` the horizontal ones from the top."""

    box: Box
    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def is_as_wide(self, grid: Grid) -> bool:
        """Whether the grid has sides where this table ends: it is a table of its own."""
        left, _, right, _ = grid.box
        return abs(left - self.box[0]) <= _NEAR and abs(right - self.box[2]) <= _NEAR

    def between(self, first: int, last: int) -> "Band":
        """The part between two of the rules, by their indices."""
        ys = self.ys[first : last + 1]
        return Band((self.box[0], ys[-1], self.box[2], ys[0]), self.xs, ys)

    def holds(self, grid: Grid) -> bool:
        """Whether the grid is no more than a part of this table."""
        left, bottom, right, top = grid.box
        own_left, own_bottom, own_right, own_top = self.box
        inside = own_left - _NEAR <= left and right <= own_right + _NEAR
        inside = inside and own_bottom - _NEAR <= bottom and top <= own_top + _NEAR
        return inside and (top - bottom) < _MOST * (own_top - own_bottom)


def bands(found: Sequence[Rule]) -> list[Band]:
    """Three horizontal rules or more of the same width above each other: a table of a paper."""
    groups: list[list[Rule]] = []
    for rule in found:
        if rule.horizontal and rule.end - rule.start >= _MIN_BAND_WIDTH:
            same = (g for g in groups if _same_width(g[0], rule))
            group = next(same, None)
            if group is None:
                groups.append([rule])
            else:
                group.append(rule)
    return [_band(group, found) for group in groups if len(_levels(r.at for r in group)) >= 3]


def _same_width(a: Rule, b: Rule) -> bool:
    return abs(a.start - b.start) <= _SAME and abs(a.end - b.end) <= _SAME


def _band(group: Sequence[Rule], found: Sequence[Rule]) -> Band:
    bottom, top = min(rule.at for rule in group), max(rule.at for rule in group)
    left, right = group[0].start, group[0].end
    inside = (
        rule.at
        for rule in found
        if not rule.horizontal
        and left + _NEAR < rule.at < right - _NEAR
        and bottom - _NEAR <= rule.start
        and rule.end <= top + _NEAR
    )
    ys = tuple(_levels(rule.at for rule in group)[::-1])
    return Band((left, bottom, right, top), tuple(_levels(inside)), ys)


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
    return h.start - _NEAR <= v.at <= h.end + _NEAR and v.start - _NEAR <= h.at <= v.end + _NEAR


def _levels(positions: Iterable[float]) -> list[float]:
    """Distinct positions in rising order; near ones are one."""
    ordered = sorted(positions)
    return ordered[:1] + [b for a, b in pairwise(ordered) if b - a > _NEAR]
