"""How wide characters are about, to find a part of a line in the line's box."""

import unicodedata
from itertools import accumulate

# Printable ASCII in Helvetica, in 1/1000 of the type size (Adobe Core 14 font metrics).
_ASCII = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_WIDE, _USUAL = 1000, 556


def shares(line: str, start: int, end: int) -> tuple[float, float]:
    """Where characters `[start, end)` of a line begin and end, in shares of its width."""
    edges = [0, *accumulate(map(_width, line))]
    whole = edges[-1] or 1
    return edges[start] / whole, edges[end] / whole


def _width(character: str) -> int:
    if " " <= character <= "~":
        return _ASCII[ord(character) - 32]
    if unicodedata.combining(character):
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _USUAL
