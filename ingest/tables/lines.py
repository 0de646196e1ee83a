"""How a row of a table is written as a line of text: `| Nuts | M8 | | 12 |`.

A bar opens and closes the line, so that an empty cell, the first and the last included, is seen as
one and the number of bars alone says which column a text stands in. A table of one column is
written without bars: it is a list.
"""

import re
from collections.abc import Sequence

_BAR = re.compile(r"(?<=\s)\|(?=\s)")
_LONE_BAR = re.compile(r"(?<!\S)\|(?!\S)")
_CLOSED_COLUMNS = 64  # wider rows end with their last filled cell, or a sparse sheet is all bars


def cell_text(text: str) -> str:
    """A cell's words, of one line, without a bar that would part it: one that stands alone becomes
    the full-width one. `a|b` stays."""
    return _LONE_BAR.sub("｜", text) if "|" in text else text


def row_line(cells: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """The line, and the lengths of the texts in it, which `cell_spans` takes. Cells are as
    `cell_text` gives them, without space around."""
    if len(cells) > _CLOSED_COLUMNS:
        filled = max((n for n, cell in enumerate(cells) if cell), default=0) + 1
        cells = cells[: max(filled, 2)]
    lengths = tuple(map(len, cells))
    if len(cells) == 1:
        return cells[0], lengths
    return f"|{''.join(f' {cell} |' if cell else ' |' for cell in cells)}", lengths


def cell_spans(start: int, lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Where the cells' texts stand that `row_line` wrote at `start`."""
    at = start + 2 if len(lengths) > 1 else start
    spans = []
    for length in lengths:
        spans.append((at, at + length))
        at += length + 3 if length else 2
    return spans


def is_row(line: str) -> bool:
    """Whether it is a row of several cells."""
    line = line.strip()
    return len(line) > 2 and line[0] == line[-1] == "|" and bool(_BAR.search(line[1:-1]))


def cells_of(line: str) -> tuple[str, ...]:
    """The cells that `row_line` wrote, empty ones included."""
    return tuple(cell.strip() for cell in _BAR.split(line.strip()[1:-1]))
