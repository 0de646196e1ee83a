"""Raised figures of a PDF page, footnote marks and powers, as characters of their own.

The text layer has them as ordinary figures, so that a rent of 3500 with note 1 would be 35001.
"""

import re
from typing import TYPE_CHECKING, Any

from ingest.pages.pdf.text_layer import type_size
from ingest.scripts import raised

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_LINE = re.compile(r"[^\r\n]+")
_FIGURES = re.compile(r"[0-9+\-−,，–]*[0-9]")
_SMALLER = 0.8  # of the type size beside it
_HIGHER = 0.2  # of the height of the character beside it
_CONTEXT = 4  # characters by which a figure is found again in the text of an area


class RaisedTextPage:
    """A text page in which `marks`, by their index, stand for other characters, one for one."""

    def __init__(self, page: "PdfTextPage", marks: dict[int, str]) -> None:
        self._page = page
        self._marks = marks
        self._text: str = page.get_text_range()

    def get_text_range(self, index: int = 0, count: int = -1) -> str:
        text: str = self._page.get_text_range(index, count)
        return "".join(self._marks.get(n, character) for n, character in enumerate(text, index))

    def get_text_bounded(self, left: float, bottom: float, right: float, top: float) -> str:
        text: str = self._page.get_text_bounded(left, bottom, right, top)
        at = 0
        for index, mark in self._marks.items():
            x0, y0, x1, y1 = self._page.get_charbox(index)
            if not (left <= (x0 + x1) / 2 <= right and bottom <= (y0 + y1) / 2 <= top):
                continue
            for length in range(_CONTEXT, -1, -1):
                context = self._text[max(index - length, 0) : index + 1]
                found = text.find(context, max(at - length, 0))
                if found >= 0:
                    at = found + len(context) - 1
                    text = text[:at] + mark + text[at + 1 :]
                    break
        return text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._page, name)


def with_raised(page: "PdfTextPage") -> "PdfTextPage | RaisedTextPage":
    """The page as it is where nothing is raised."""
    text = page.get_text_range()
    if len(text) != page.count_chars():  # positions in the text are no character indices
        return page
    marks = {index: raised(text[index]) for index in _raised(page, text)}
    return RaisedTextPage(page, marks) if marks else page


def _raised(page: "PdfTextPage", text: str) -> list[int]:
    found: list[int] = []
    for line in _LINE.finditer(text):
        for figures in _FIGURES.finditer(text, *line.span()):
            first, last = figures.start(), figures.end() - 1
            before = first if first == line.start() or text[first - 1].isspace() else first - 1
            size = type_size(page, before)
            small = last
            while small > before and type_size(page, small) < _SMALLER * size:
                small -= 1
            if small < last and _is_higher(page, last, small):
                found += range(small + 1, last + 1)
    return found


def _is_higher(page: "PdfTextPage", index: int, before: int) -> bool:
    foot, (_, bottom, _, top) = (
        page.get_charbox(index, loose=True)[1],
        page.get_charbox(before, loose=True),
    )
    return bool(foot - bottom > _HIGHER * (top - bottom))
