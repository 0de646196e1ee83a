"""Columns of a table without rules between them, told by where the texts of its rows stand."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ingest.tables.boxes import Box, around
from ingest.tables.grid import Field

_EVEN = 0.4  # the smaller of two gaps by the larger, where a text stands in the middle

_MAX_BANDS = 100  # more are no columns

Band = tuple[float, float]  # from left to right


class Placed(NamedTuple):
    """A text of a row with its left and right end, in any unit. `box` is where it stands on its
    page, also where it counts as wider."""

    text: str
    left: float
    right: float
    box: Box | None = None


Rows = Sequence[Sequence[Placed]]


def placed_rows(rows: Rows) -> list[list[Field]]:
    """The texts in their columns. One that stands over several columns is merged over them."""
    bands = _bands(rows)
    if len(bands) > _MAX_BANDS:
        return [[Field(cell.text, box=cell.box) for cell in row] for row in rows]
    bands, rows = _spread(bands, rows)
    bands = _joined(bands, rows)
    return [_fields(row, bands) for row in rows]


def _bands(rows: Rows) -> list[Band]:
    """Narrow texts make columns, wider ones widen the one that they stand in; those that stand
    over several make none."""
    bands: list[Band] = []
    across: list[Placed] = []
    for cell in sorted((cell for row in rows for cell in row), key=lambda c: c.right - c.left):
        touched = [band for band in bands if _touch(cell, band)]
        if len(touched) > 1:
            across.append(cell)
            continue
        if len(bands) > _MAX_BANDS:
            break
        band = (cell.left, cell.right)
        if touched:
            bands.remove(touched[0])
            band = (min(touched[0][0], cell.left), max(touched[0][1], cell.right))
        bands.append(band)
    for cell in across:
        under = [band for band in bands if _touch(cell, band)]
        if len(under) > 1 and not any(_together(a, b, rows) for a, b in pairwise(sorted(under))):
            bands = [band for band in bands if band not in under]
            bands.append((min(under)[0], max(band[1] for band in under)))
    return sorted(bands)


def _spread(bands: list[Band], rows: Rows) -> tuple[list[Band], Rows]:
    """A head in the middle between two columns, over the heads of both, is one of both."""
    kept = list(bands)
    widened = [list(row) for row in rows]
    for left, own, right in zip(bands, bands[1:], bands[2:], strict=False):
        touched = [number for number, row in enumerate(rows) if _filled(own, row)]
        gaps = sorted((own[0] - left[1], right[0] - own[1]))
        if len(touched) != 1 or touched[0] + 1 >= len(rows) or gaps[0] < _EVEN * gaps[1]:
            continue
        above, below = rows[touched[0]], rows[touched[0] + 1]
        if not any(_filled(band, above) for band in (left, right)) and all(
            _filled(band, below) for band in (left, right)
        ):
            kept.remove(own)
            widened[touched[0]] = [
                cell._replace(left=left[0], right=right[1]) if _touch(cell, own) else cell
                for cell in widened[touched[0]]
            ]
    return kept, widened


def _joined(bands: list[Band], rows: Rows) -> list[Band]:
    """Neighbours that no row fills both of are one column, the head on its left and numbers on its
    right, say. The closest come first, since each has a neighbour on either side."""
    while True:
        apart = [(b[0] - a[1], a, b) for a, b in pairwise(bands) if not _together(a, b, rows)]
        if not apart:
            return bands
        _, a, b = min(apart)
        bands = sorted([*(band for band in bands if band not in (a, b)), (a[0], b[1])])


def _together(a: Band, b: Band, rows: Rows) -> bool:
    """Whether some row has a text in each, and not one over both."""
    return any(
        any(_touch(cell, a) and not _touch(cell, b) for cell in row)
        and any(_touch(cell, b) and not _touch(cell, a) for cell in row)
        for row in rows
    )


def _filled(band: Band, row: Sequence[Placed]) -> bool:
    return any(_touch(cell, band) for cell in row)


def _fields(row: Sequence[Placed], bands: Sequence[Band]) -> list[Field]:
    fields: list[Field] = []
    for cell in sorted(row, key=lambda c: c.left):
        touched = [number for number, band in enumerate(bands) if _touch(cell, band)]
        first, last = (touched[0], touched[-1]) if touched else (len(fields), len(fields))
        if fields and fields[-1].column is not None:
            end = fields[-1].column + fields[-1].column_span
            if last < end:  # of the same column
                fields[-1] = fields[-1]._replace(
                    text=f"{fields[-1].text} {cell.text}", box=around((fields[-1].box, cell.box))
                )
                continue
            first = max(first, end)
        fields.append(Field(cell.text, last - first + 1, column=first, box=cell.box))
    return fields


def _touch(cell: Placed, band: Band) -> bool:
    return min(cell.right, band[1]) > max(cell.left, band[0])
