"""Columns of a table without rules between them, told by where the texts of its rows stand."""

from collections.abc import Sequence
from typing import NamedTuple

from ingest.tables.grid import Field

Band = tuple[float, float]  # from left to right


class Placed(NamedTuple):
    """A text of a row with its left and right end, in any unit."""

    text: str
    left: float
    right: float


def placed_rows(rows: Sequence[Sequence[Placed]]) -> list[list[Field]]:
    """The texts in their columns. One that stands over several columns is merged over them."""
    bands = _bands(rows)
    return [_fields(row, bands) for row in rows]


def _bands(rows: Sequence[Sequence[Placed]]) -> list[Band]:
    """Narrow texts make columns, wider ones widen the one that they stand in."""
    bands: list[Band] = []
    across: list[Placed] = []
    for cell in sorted((cell for row in rows for cell in row), key=lambda c: c.right - c.left):
        touched = [band for band in bands if _touch(cell, band)]
        if len(touched) > 1:
            across.append(cell)
            continue
        band = (cell.left, cell.right)
        if touched:
            bands.remove(touched[0])
            band = (min(touched[0][0], cell.left), max(touched[0][1], cell.right))
        bands.append(band)
    bands.sort()
    for cell in across:
        bands = _without_split(bands, cell, rows)
    return bands


def _without_split(bands: list[Band], cell: Placed, rows: Sequence[Sequence[Placed]]) -> list[Band]:
    """Bands under a wide text are one column where no row fills two of them: a narrow text on the
    left and one on the right of the same column."""
    under = [band for band in bands if _touch(cell, band)]
    most = max(len({b for c in row for b in under if _touch(c, b)} if len(row) > 1 else ())
               for row in rows if cell not in row) if len(rows) > 1 else 0  # fmt: skip
    if most > 1 or not under:
        return bands
    whole = (min(under)[0], max(band[1] for band in under))
    return sorted([band for band in bands if band not in under] + [whole])


def _fields(row: Sequence[Placed], bands: Sequence[Band]) -> list[Field]:
    fields: list[Field] = []
    for cell in sorted(row, key=lambda c: c.left):
        held = [number for number, band in enumerate(bands) if _touch(cell, band)]
        first, last = (held[0], held[-1]) if held else (len(fields), len(fields))
        if fields and fields[-1].column is not None:
            end = fields[-1].column + fields[-1].column_span
            if last < end:  # of the same column
                fields[-1] = fields[-1]._replace(text=f"{fields[-1].text} {cell.text}")
                continue
            first = max(first, end)
        fields.append(Field(cell.text, last - first + 1, column=first))
    return fields


def _touch(cell: Placed, band: Band) -> bool:
    return min(cell.right, band[1]) > max(cell.left, band[0])
