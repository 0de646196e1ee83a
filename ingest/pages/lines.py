"""Lines of a page with their place, as a PDF holds them or text recognition finds them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.tables.grid import Field

_PAGE_NUMBER = re.compile(
    r"[-–—\s]*\d{1,4}[-–—\s]*|第\s*\d+\s*页.{0,12}|(?:Page\s*)?\d{1,4}\s*(?:/|of)\s*\d{1,4}",
    re.IGNORECASE,
)
_EDGE_LINES = 2  # at the top and the bottom of a page where running titles stand


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, or a table. Points from the page's lower left corner; all 0 where
    unknown."""

    text: str
    size: float = 0.0  # of the type, rounded to half a point
    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    hyphenated: bool = False  # the last word goes on in the next line
    bold: bool = False
    first: int = 0  # indices of its outer characters on a PDF's page
    last: int = -1
    rows: tuple[tuple[Field, ...], ...] = ()  # of a table; `text` is then that of its cells


def table_line(rows: Sequence[Sequence[Field]], left: float, right: float, bottom: float) -> Line:
    """A table in the place of a line."""
    text = " ".join(cell.text for row in rows for cell in row if cell.text)
    return Line(text, left=left, right=right, bottom=bottom, rows=tuple(map(tuple, rows)))


def without_running_lines(pages: list[list[Line]]) -> list[list[Line]]:
    """Drop page numbers, and edge lines that come back on at least half of three pages or more.
    Tables stay: that their numbers alone differ from page to page is what they are there for."""
    if len(pages) < 2:
        return pages
    seen = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    often = {key for key, count in seen.items() if count >= max(3, len(pages) / 2)}
    kept: list[list[Line]] = []
    for page in pages:
        edges = {id(line) for line in _edges(page)}
        kept.append(
            [
                line
                for line in page
                if id(line) not in edges
                or line.rows
                or not (_key(line) in often or _PAGE_NUMBER.fullmatch(line.text))
            ]
        )
    return kept if any(kept) else pages


def _edges(page: list[Line]) -> list[Line]:
    return page[:_EDGE_LINES] + page[-_EDGE_LINES:]


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)
