"""Puts a `Document` together block by block; spans are measured as the text grows."""

import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from ingest.clean import clean, one_line
from ingest.errors import ParseError
from ingest.types import Block, BlockKind, Document, PageSpan, Place

CELL_SEPARATOR = " | "
_ONE_LINE = {BlockKind.HEADING, BlockKind.TABLE_HEADER, BlockKind.TABLE_ROW}


def base_name(name: str) -> str:
    """The file's name without folders, whichever way the slashes lean."""
    return one_line(clean(PurePosixPath(name.replace("\\", "/")).name)) or "unnamed"


class DocumentBuilder:
    """Cleans each block, appends it, and notes where it lies."""

    def __init__(self, data: bytes, name: str, media_type: str) -> None:
        self._id = hashlib.sha256(data).hexdigest()
        self._name = base_name(name)
        self._media_type = media_type
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._pages: list[PageSpan] = []
        self._places: list[Place] = []
        self._open_place = False
        self.title = ""  # set where the format has one of its own; else the first heading

    def add(
        self, kind: BlockKind, text: str, *, level: int = 0, tight: bool = False, row: int = 0
    ) -> None:
        """Append a block after a blank line, or after a line end only where `tight`.

        Blank blocks are dropped.
        """
        text = clean(text)
        if kind in _ONE_LINE:
            text = one_line(text)
        text = text.strip("\n") if kind is BlockKind.CODE else text.strip()
        if not text.strip():
            return
        self._append(("\n" if tight else "\n\n") if self._parts else "")
        start = self._length
        self._append(text)
        self._blocks.append(Block(kind, start, self._length, level, row))

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    def paragraph(self, text: str, *, tight: bool = False) -> None:
        self.add(BlockKind.PARAGRAPH, text, tight=tight)

    def add_note(self, text: str, *, row: int) -> None:
        """A paragraph that stands in row `row` of a sheet."""
        self.add(BlockKind.PARAGRAPH, text, row=row)

    def heading(self, text: str, level: int) -> None:
        self.add(BlockKind.HEADING, text, level=min(max(level, 1), 6))

    def row(
        self, cells: Iterable[str], *, header: bool = False, first: bool = False, number: int = 0
    ) -> None:
        """A table row as one line, cells joined with ` | `; `first` opens the table.

        `number` is the row's own, where the file shows one.
        """
        kind = BlockKind.TABLE_HEADER if header else BlockKind.TABLE_ROW
        line = CELL_SEPARATOR.join(map(one_line, cells))
        if line.replace("|", "").strip():
            self.add(kind, line, tight=not first, row=number)

    def table(self, rows: Iterable[tuple[bool, Iterable[str]]]) -> None:
        """Rows as `(is header, cells)`."""
        for number, (header, cells) in enumerate(rows):
            self.row(cells, header=header, first=number == 0)

    def page(self, number: int, *, back: int = 0) -> None:
        """What is added from here on lies on page `number`, counted from 1.

        `back` characters of the last block lie there already, where it runs over the page's end.
        """
        start = self._length
        if self._blocks:
            start = max(self._blocks[-1].start, start - back)
        self._close_page(start)
        self._pages.append(PageSpan(number, start, start))

    def place(self, label: str) -> None:
        """What is added from here on is called `label`; nothing special where it is empty."""
        self._close_place()
        self._open_place = bool(label)
        if label:
            self._places.append(Place(one_line(clean(label)), self._length, self._length))

    def include(self, part: Document, label: str, *, level: int) -> None:
        """Another document as a section of this one: its name as a heading of `level`.

        Its pages and places become places below `label`; its headings go down by `level`.
        """
        self.place("")
        self.heading(label, level)
        self._append("\n\n" if self._parts else "")
        at = self._length
        self._append(part.text)
        for b in part.blocks:
            depth = min(b.level + level, 6) if b.level else 0
            self._blocks.append(Block(b.kind, at + b.start, at + b.end, depth, b.row))
        inner = part.places or [Place(f"page {p.page}", p.start, p.end) for p in part.pages]
        whole = [Place("", 0, len(part.text))]
        for place in inner or whole:
            name = f"{label}, {place.label}" if place.label else label
            self._places.append(Place(name, at + place.start, at + place.end))

    def build(self) -> Document:
        """The document. Raises ParseError `no_text` where nothing legible was added."""
        self._close_page(self._length)
        self._close_place()
        text = "".join(self._parts)
        if not any(character.isalnum() for character in text):
            raise ParseError(f"No text was found in {self._name}.", code="no_text")
        return Document(
            id=self._id,
            name=self._name,
            media_type=self._media_type,
            title=self._title(text),
            text=text,
            blocks=tuple(self._blocks),
            pages=tuple(self._pages),
            places=tuple(self._places),
        )

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _close_page(self, end: int) -> None:
        if self._pages:
            last = self._pages[-1]
            self._pages[-1] = PageSpan(last.page, last.start, max(last.start, end))

    def _close_place(self) -> None:
        if self._open_place:
            last = self._places[-1]
            self._places[-1] = Place(last.label, last.start, self._length)
            self._open_place = False

    def _title(self, text: str) -> str:
        headings = [block for block in self._blocks if block.kind is BlockKind.HEADING]
        top = next((h for h in headings if h.level == 1), headings[0] if headings else None)
        own = one_line(clean(self.title))
        found = own or (text[top.start : top.end] if top else "")
        return found[:200] or PurePosixPath(self._name).stem
