"""Keeps where the text of a document stands on its pages, while the document is put together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.clean import clean
from ingest.parsing.page_view import PageView
from ingest.runs import PageRuns, Run
from ingest.tables.boxes import Box

_LOOK_AHEAD = 200  # characters in which a line is sought that does not follow the one before


class PlacedText(NamedTuple):
    """A text on a page before it is cleaned and joined to others."""

    page: int
    text: str
    box: Box | None


@dataclass(slots=True)
class Placement:
    """`views` by page number. What stands on a page without one is not kept."""

    views: dict[int, PageView] = field(default_factory=dict)
    _runs: dict[int, list[Run]] = field(default_factory=dict)

    def add_lines(self, start: int, text: str, lines: Sequence[PlacedText]) -> None:
        """`text`, which begins at `start` of the document's, was joined from these lines."""
        for line, span in zip(lines, spans(text, [line.text for line in lines]), strict=True):
            if span is not None:
                self.add(line.page, start + span[0], start + span[1], line.box)

    def add(self, page: int, start: int, end: int, box: Box | None) -> None:
        """`[start, end)` of the document's text stands in `box`, in the page's coordinates."""
        view = self.views.get(page)
        area = view.area(box) if view is not None and box is not None else None
        if area is not None and start < end:
            self._runs.setdefault(page, []).append(Run(start, end, area))

    def pages(self) -> Iterator[PageRuns]:
        for number, view in sorted(self.views.items()):
            yield PageRuns.of(number, view.width, view.height, self._runs.get(number, ()))


def spans(text: str, lines: Iterable[str]) -> Iterator[tuple[int, int] | None]:
    """Where each of the lines stands in `text`, which was joined from them: cleaned, unwrapped,
    hyphens at line ends left out. None for one that is not there."""
    at = 0
    for line in lines:
        piece = clean(line).strip()
        while at < len(text) and text[at].isspace():
            at += 1
        if not piece:
            yield None
        elif text.startswith(piece, at):
            yield at, at + len(piece)
            at += len(piece)
        elif (end := _end_of(piece, text, at)) is not None:
            yield at, end
            at = end
        elif (found := text.find(piece, at, at + len(piece) + _LOOK_AHEAD)) >= 0:
            yield found, found + len(piece)
            at = found + len(piece)
        else:
            yield None


def _end_of(piece: str, text: str, at: int) -> int | None:
    """Where `piece` ends in `text` that begins with it at `at`, white space and a hyphen at its end
    aside."""
    letters = "".join(piece.split())
    begin = at
    for number, letter in enumerate(letters):
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text) and text[at] == letter:
            at += 1
        elif letter == "-" and number + 1 == len(letters) and at > begin:
            return at
        else:
            return None
    return at
