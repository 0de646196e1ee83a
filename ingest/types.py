"""What ingestion passes on: a parsed `Document` and the `Chunk`s cut from it.

All spans are half-open character ranges `[start, end)` into `Document.text`.
"""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class PageSpan:
    """Where page `page` (counted from 1) lies in the text."""

    page: int
    start: int
    end: int


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

    def page_at(self, offset: int) -> int | None:
        """The page that holds the character at `offset`; None without pages."""
        for span in self.pages:
            if span.start <= offset < span.end:
                return span.page
        return self.pages[-1].page if self.pages else None


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
