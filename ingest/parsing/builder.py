"""Puts a `Document` together block by block; spans are measured as the text grows.

builder.heading("Leave", 2)
builder.table([["Days", "Kind"], ["12", Field("sick", row_span=2)]])
builder.notice("hidden_sheet", "Costs")
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ingest.clean import clean, one_line
from ingest.errors import ParseError
from ingest.parsing.placement import PlacedText, Placement
from ingest.tables.grid import MAX_COLUMNS, FileRow, TooManyColumns, fill
from ingest.tables.heads import HeadRule
from ingest.tables.types import Table
from ingest.tables.write import TableLine, write
from ingest.types import Block, BlockKind, Document, LocatorSpan, Notice, PageSpan

_ONE_LINE = {BlockKind.HEADING, BlockKind.TABLE_HEADER, BlockKind.TABLE_ROW}
# 表 3 …, Table 3: … right above a table
_CAPTION = re.compile(r"(?:表|附表|Table|TABLE)\s?[\dA-Z一二三四五六七八九十].{0,80}")


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
        self._places: list[LocatorSpan] = []
        self._tables: list[Table] = []
        self._notices: dict[tuple[str, str], int] = {}  # how often, by code and detail
        self._open_place = False
        self.placement = Placement()  # where the text stands on pages
        self.title = ""  # set where the format has one of its own; else the first heading

    def add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int = 0,
        tight: bool = False,
        row: int = 0,
        lines: Sequence[PlacedText] = (),
    ) -> None:
        """Append a block after a blank line, or after a line end only where `tight`. `lines` are
        those that `text` was joined from.

        Blank blocks are dropped.
        """
        text = clean(text)
        if kind in _ONE_LINE:
            text = one_line(text)
        text = text.strip("\n") if kind is BlockKind.CODE else text.strip()
        if text.strip():
            start = self._add_block(kind, text, level=level, tight=tight, row=row)
            self.placement.add_lines(start, text, lines)

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    def paragraph(self, text: str, *, tight: bool = False) -> None:
        self.add(BlockKind.PARAGRAPH, text, tight=tight)

    def heading(self, text: str, level: int) -> None:
        self.add(BlockKind.HEADING, text, level=min(max(level, 1), 6))

    def table(
        self,
        rows: Iterable[FileRow],
        *,
        head: HeadRule = HeadRule.FIRST,
        numbers: Sequence[int] = (),
        columns: Collection[int] = (),
        caption: str = "",
        sheet: str = "",
        sparse_titles: bool = False,
        goes_on: bool = False,
    ) -> None:
        """A table from the rows of a file; cells that are merged or have a place are `Field`s.

        `numbers` are those of the rows in a sheet. `head` says how sure it is that the first row is
        a head. With `sparse_titles` a row of one cell above the head is a title. A table that
        `goes_on` continues the one before it and has its head; `columns` are those that other parts
        of it use.
        Raises ParseError `too_large` where it has too many columns.
        """
        try:
            written = write(fill(rows, numbers, columns=columns), head, sparse_titles=sparse_titles)
        except TooManyColumns as error:
            raise ParseError(
                f"{self._name} has a table of {error.columns:,} columns; {MAX_COLUMNS:,} is the "
                "limit. Is it turned on its side?",
                code="too_large",
            ) from error
        caption = caption or self._caption()
        for title in written.titles:
            self._add_words(title)
        tight = goes_on
        head_start = None
        if written.head is not None:
            head_start = self._add_line(BlockKind.TABLE_HEADER, written.head, tight=tight)
            tight = True
        starts = []
        for line in written.rows:
            starts.append(self._add_line(BlockKind.TABLE_ROW, line, tight=tight))
            tight = True
        if (head_start is not None or starts) and written.grid.column_count > 1:
            start = starts[0] if head_start is None else head_start
            table = written.table(start, starts, self._length)
            above = " ".join(title.text for title in written.titles)
            caption = one_line(clean(caption)) or above
            page = self._page or None
            self._tables.append(replace(table, caption=caption, page=page, sheet=sheet))
        for begin, end, box in written.boxes(head_start, starts):
            self.placement.add(self._page, begin, end, box)
        for note in written.notes:
            self._add_words(note)

    def notice(self, code: str, detail: str = "", *, count: int = 1) -> None:
        """Note in the reading report what was found and left out; the same again is counted."""
        key = code, one_line(clean(detail))
        self._notices[key] = self._notices.get(key, 0) + count

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
            self._places.append(LocatorSpan(one_line(clean(label)), self._length, self._length))

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
        self._tables += [table.shifted(at) for table in part.tables]
        for notice in part.notices:
            detail = f"{label}: {notice.detail}" if notice.detail else label
            self.notice(notice.code, detail, count=notice.count)
        inner = part.places or [LocatorSpan(f"page {p.page}", p.start, p.end) for p in part.pages]
        whole = [LocatorSpan("", 0, len(part.text))]
        for place in inner or whole:
            name = f"{label}, {place.label}" if place.label else label
            self._places.append(LocatorSpan(name, at + place.start, at + place.end))

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
            tables=tuple(self._tables),
            runs=tuple(self.placement.pages()),
            notices=tuple(Notice(code, n, detail) for (code, detail), n in self._notices.items()),
        )

    def _add_block(
        self, kind: BlockKind, text: str, *, level: int = 0, tight: bool = False, row: int = 0
    ) -> int:
        """Append a clean text as a block; returns where it begins."""
        self._append(("\n" if tight else "\n\n") if self._parts else "")
        start = self._length
        self._append(text)
        self._blocks.append(Block(kind, start, self._length, level, row))
        return start

    def _add_line(self, kind: BlockKind, line: TableLine, *, tight: bool) -> int:
        return self._add_block(kind, line.text, tight=tight, row=line.number)

    def _add_words(self, line: TableLine) -> None:
        """A title or a note of a table."""
        parts = [PlacedText(self._page, text, box) for text, box in line.parts]
        self.add(BlockKind.PARAGRAPH, line.text, row=line.number, lines=parts)

    @property
    def _page(self) -> int:
        """The present one; 0 without pages."""
        return self._pages[-1].page if self._pages else 0

    def _caption(self) -> str:
        """The last paragraph where it names a table."""
        if not self._blocks or self._blocks[-1].kind is not BlockKind.PARAGRAPH:
            return ""
        last = self._parts[-1]
        return last if _CAPTION.fullmatch(last) else ""

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
            self._places[-1] = LocatorSpan(last.label, last.start, self._length)
            self._open_place = False

    def _title(self, text: str) -> str:
        headings = [block for block in self._blocks if block.kind is BlockKind.HEADING]
        top = next((h for h in headings if h.level == 1), headings[0] if headings else None)
        own = one_line(clean(self.title))
        found = own or (text[top.start : top.end] if top else "")
        return found[:200] or PurePosixPath(self._name).stem
