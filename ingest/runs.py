"""Where the words of a text stand on the pages of its file.

A run is a line, a part of one or a table cell: characters of the text, and the area that they take
up on their page. Runs of a page are in the order of the text and do not overlap in it; on the page
they may.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NamedTuple

from ingest.widths import shares

SCALE = 10_000  # a page's width, and its height
_MAX_RUNS = 1_000_000  # of one page
_BYTES = 16  # of one run before it is compressed
_WRAP = 1 << 16


class Area(NamedTuple):
    """A part of a page in shares of its width and height, in 1/10,000, from its upper left
    corner."""

    left: int
    top: int
    right: int
    bottom: int


class Run(NamedTuple):
    """Characters `[start, end)` of the text, and where they stand."""

    start: int
    end: int
    area: Area


@dataclass(frozen=True, slots=True)
class PageRuns:
    """The runs of page `page`, counted from 1. Width and height as the page is shown, in points; of
    a picture in pixels. `packed` is what `pack` makes."""

    page: int
    width: float
    height: float
    start: int  # of the first run
    end: int  # of the last one; the same as `start` without runs
    packed: bytes

    @classmethod
    def of(cls, page: int, width: float, height: float, runs: Sequence[Run]) -> "PageRuns":
        start, end = (runs[0].start, runs[-1].end) if runs else (0, 0)
        return cls(page, width, height, start, end, pack(runs))

    def runs(self) -> list[Run]:
        """Raises ValueError where `packed` holds no such runs."""
        runs = unpack(self.packed)
        if runs and (runs[0].start, runs[-1].end) != (self.start, self.end):
            raise ValueError("the runs of a page are not those it says")
        return runs


def pack(runs: Sequence[Run]) -> bytes:
    """Runs column by column, as differences that repeat from line to line, compressed."""
    befores = [0, *(run.end for run in runs)]
    areas = [run.area for run in runs]
    lefts = [0, *(area.left for area in areas)]
    tops = [0, *(area.top for area in areas)]
    count = len(runs)
    wide = [run.start - before for run, before in zip(runs, befores, strict=False)]
    wide += [run.end - run.start for run in runs]
    narrow = [(area.left - left) % _WRAP for area, left in zip(areas, lefts, strict=False)]
    narrow += [(area.top - top) % _WRAP for area, top in zip(areas, tops, strict=False)]
    narrow += [area.right - area.left for area in areas]
    narrow += [area.bottom - area.top for area in areas]
    return zlib.compress(struct.pack(f"<{2 * count}i{4 * count}H", *wide, *narrow), 9)


def unpack(packed: bytes) -> list[Run]:
    """What `pack` packed. Raises ValueError where these bytes are no runs in order on a page."""
    unzip = zlib.decompressobj()
    try:
        content = unzip.decompress(packed, _MAX_RUNS * _BYTES)
    except zlib.error as error:
        raise ValueError("runs that cannot be unpacked") from error
    count, rest = divmod(len(content), _BYTES)
    if rest or not unzip.eof:
        raise ValueError("runs of a wrong length")
    numbers = struct.unpack(f"<{2 * count}i{4 * count}H", content)
    gaps, lengths, lefts, tops, widths, heights = (
        (numbers[begin : begin + count] for begin in range(0, 6 * count, count or 1))
        if count
        else ((),) * 6
    )
    if any(gap < 0 for gap in gaps) or any(length <= 0 for length in lengths):
        raise ValueError("runs that are not in order")
    return list(_runs(gaps, lengths, lefts, tops, widths, heights))


def _runs(
    gaps: Sequence[int],
    lengths: Sequence[int],
    lefts: Sequence[int],
    tops: Sequence[int],
    widths: Sequence[int],
    heights: Sequence[int],
) -> Iterator[Run]:
    edges = list(accumulate(chain.from_iterable(zip(gaps, lengths, strict=True))))
    left = top = 0
    for number, (width, height) in enumerate(zip(widths, heights, strict=True)):
        left = (left + lefts[number]) % _WRAP
        top = (top + tops[number]) % _WRAP
        area = Area(left, top, left + width, top + height)
        if area.right > SCALE or area.bottom > SCALE:
            raise ValueError("a run beyond its page")
        yield Run(edges[2 * number], edges[2 * number + 1], area)


def cut(run: Run, text: str, start: int, end: int) -> Area:
    """The part of the run's area that `[start, end)` takes up. `text` is the run's, one line."""
    left, top, right, bottom = run.area
    first, last = shares(text, max(start - run.start, 0), min(end, run.end) - run.start)
    width = right - left
    return Area(left + round(width * first), top, left + round(width * last), bottom)
