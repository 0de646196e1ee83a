"""Lines of a page with their place, as a PDF holds them or text recognition finds them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text or a table row. Points from the page's lower left corner; all 0 where
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
    cells: tuple[str, ...] = ()  # a table row; `text` is then the cells joined
    header: bool = False  # the table's header row
    opens: bool = False  # the first row of its table
