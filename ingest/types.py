"""What ingestion passes on: a parsed `Document` and the `Chunk`s cut from it.

All spans are half-open character ranges `[start, end)` into `Document.text`.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise, takewhile

from ingest.runs import PageRuns
from ingest.tables.types import Table


class BlockKind(StrEnum):
    """What a block of text is, as far as chunking must know."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    TABLE_HEADER = "table_header"
    TABLE_ROW = "table_row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading or table row. Blocks are in order and do not overlap."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0  # 1 to 6 for headings, 0 otherwise
    row: int = 0  # of the sheet, counted from 1; 0 where rows have no numbers


@dataclass(frozen=True, slots=True)
class PageSpan:
    """Where page `page` (counted from 1) lies in the text."""

    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LocatorSpan:
    """What `[start, end)` is called in the file: `sheet 薪资`, `slide 3`, `a.pdf, page 2`.

    Names come from the file; the words around them are English and for programs to translate.
    """

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a chunk stands in one place of the file."""

    start: int
    end: int
    page: int | None
    locator: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was found in the file and left out, or not read as one might expect.

    `code` is stable, e.g. `hidden_sheet`; `detail` says where or which, in the file's own words.
    """

    code: str
    count: int = 1
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. `text` is what is stored, cited and shown; nothing else is."""

    id: str  # SHA-256 of the file's bytes, hexadecimal
    name: str  # file name without folders
    media_type: str
    title: str
    text: str
    blocks: tuple[Block, ...] = ()
    pages: tuple[PageSpan, ...] = ()  # empty where the format has no pages
    places: tuple[LocatorSpan, ...] = ()  # in order, not overlapping; empty where pages say enough
    tables: tuple[Table, ...] = ()  # in order, not overlapping
    runs: tuple[PageRuns, ...] = ()  # of every page, where the format has pages
    notices: tuple[Notice, ...] = ()  # the reading report

    def page_at(self, offset: int) -> int | None:
        """The page that holds the character at `offset`; None without pages."""
        if not self.pages:
            return None
        number = bisect_right(self.pages, offset, key=lambda span: span.start) - 1
        while number > 0 and self.pages[number].end <= offset < self.pages[-1].end:
            number -= 1  # a blank page begins where the one before it ends
        return self.pages[max(number, 0)].page

    def locator(self, start: int, end: int) -> str | None:
        """Where `[start, end)` is found in the file, e.g. `sheet 薪资, rows 8–20`."""
        number = bisect_right(self.places, start, key=lambda place: place.start) - 1
        label = ""
        if number >= 0 and start < self.places[number].end:
            label = self.places[number].label
            end = min(end, self.places[number].end)
        first = bisect_right(self.blocks, start, key=lambda block: block.end)
        last = bisect_right(self.blocks, end - 1, key=lambda block: block.start)
        rows = [block.row for block in self.blocks[first:last] if block.row]
        if rows:
            span = f"rows {rows[0]}–{rows[-1]}" if rows[-1] > rows[0] else f"row {rows[0]}"
            label = f"{label}, {span}" if label else span
        return label or None

    def stretches(self, start: int, end: int) -> tuple[Stretch, ...]:
        """`[start, end)` cut where a page or a place begins or ends."""
        edges = _edges(self.pages, start, end) | _edges(self.places, start, end)
        cuts = [start, *sorted(edge for edge in edges if start < edge < end), end]
        return tuple(
            Stretch(first, last, self.page_at(first), self.locator(first, last))
            for first, last in pairwise(cuts)
            if self.text[first:last].strip()
        )


def _edges(spans: Sequence[PageSpan | LocatorSpan], start: int, end: int) -> set[int]:
    """Where those of the spans begin and end that touch `[start, end)`; they are in order."""
    first = max(0, bisect_right(spans, start, key=lambda span: span.start) - 1)
    touching = takewhile(lambda span: span.start < end, islice(spans, first, None))
    return {edge for span in touching for edge in (span.start, span.end)}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, as found and cited.

    Invariant: `document.text[chunk.start:chunk.end] == chunk.text`.
    """

    id: int  # 0 until the database has given one
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None = None
    headings: tuple[str, ...] = ()
    locator: str | None = None  # `Document.locator` of the span
    stretches: tuple[Stretch, ...] = ()  # where it goes over a page; empty where it does not
