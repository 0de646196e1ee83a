"""Lines of a page with their place, as a PDF holds them or text recognition finds them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.parsing.page_view import PageView
from ingest.tables.boxes import Box
from ingest.tables.grid import Field


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, or a table. Points from the page's lower left corner; all 0 where
    unknown. `box` is the line's place in the coordinates of its page's `PageView`."""

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
    ruled: bool = True  # a table with rules: its first row is its head
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page in reading order."""

    lines: list[Line]
    view: PageView
    comments: int = 0  # notes that are shown when they are opened


def table_line(
    rows: Sequence[Sequence[Field]],
    left: float,
    right: float,
    bottom: float,
    *,
    ruled: bool = True,
) -> Line:
    """A table in the place of a line."""
    text = " ".join(cell.text for row in rows for cell in row if cell.text)
    return Line(
        text, left=left, right=right, bottom=bottom, rows=tuple(map(tuple, rows)), ruled=ruled
    )
