"""The records of a sheet in an xls file: cells, merged cells, what is hidden.

[MS-XLS] 2.4; the numbers are those of the records.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.parsing.links import with_address
from ingest.sheets.biff_strings import long_text
from ingest.sheets.number_format import BUILT_IN, Formatter, formatter, text_shown
from ingest.sheets.types import Merged, Sheet

_ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
}
_FLAGS = 14  # where those of a formula stand
_EMPTY = 3  # kind of a formula's result
_CALCULATED_LATER = 0x03  # always, or when the file is opened
_ROW_HIDDEN, _COLUMN_HIDDEN = 0x20, 0x01
_MAX_COLUMN = 256
_CHART, _PICTURE, _COMMENT = 0x05, 0x08, 0x19  # kinds of objects
_ADDRESS = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")  # what a URL follows


class Record(NamedTuple):
    kind: int
    data: bytes
    rest: tuple[bytes, ...]  # of the CONTINUE records behind it


@dataclass(slots=True)
class Book:
    """`formats` are codes by number, `styles` the format's number by cell style."""

    biff8: bool = True
    encoding: str = "cp1252"
    from_1904: bool = False
    strings: list[str] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=lambda: dict(BUILT_IN))
    styles: list[int] = field(default_factory=list)
    showers: dict[int, Formatter] = field(default_factory=dict)

    def code(self, style: int) -> str:
        return self.formats.get(self.styles[style], "") if style < len(self.styles) else ""

    def shown(self, value: float, style: int) -> str:
        if style not in self.showers:
            self.showers[style] = formatter(self.code(style), from_1904=self.from_1904)
        return self.showers[style](value)


@dataclass(slots=True)
class Reader:
    """Puts what the records of a sheet say into it. `pending` is the cell of a formula whose text
    comes in the next record."""

    book: Book
    sheet: Sheet
    pending: tuple[int, int] | None = None
    empty: list[tuple[int, int]] = field(default_factory=list)  # formulas with an empty result
    calculated: bool = False  # at least one formula
    in_comment: bool = False  # the text that follows is that of one
    links: dict[tuple[int, int], str] = field(default_factory=dict)  # addresses by row and column

    def number(self, record: Record) -> None:
        row, column, style, value = struct.unpack_from("<HHHd", record.data)
        self.sheet.add(row, column, self.book.shown(value, style))

    def rk(self, record: Record) -> None:
        row, column, style, number = struct.unpack_from("<HHHI", record.data)
        self.sheet.add(row, column, self.book.shown(_rk(number), style))

    def several_rk(self, record: Record) -> None:
        row, column = struct.unpack_from("<HH", record.data)
        for n in range((len(record.data) - 6) // 6):
            style, number = struct.unpack_from("<HI", record.data, 4 + 6 * n)
            self.sheet.add(row, column + n, self.book.shown(_rk(number), style))

    def shared_text(self, record: Record) -> None:
        row, column, style, number = struct.unpack_from("<HHHI", record.data)
        if number < len(self.book.strings):
            text = text_shown(self.book.code(style), self.book.strings[number])
            self.sheet.add(row, column, text)

    def text(self, record: Record) -> None:
        row, column, style = struct.unpack_from("<HHH", record.data)
        text = text_shown(self.book.code(style), _label(record.data, 6, self.book))
        self.sheet.add(row, column, text)

    def bool_or_error(self, record: Record) -> None:
        row, column, _, value, is_error = struct.unpack_from("<HHHBB", record.data)
        self.sheet.add(row, column, _bool_or_error(value, bool(is_error)))

    def formula(self, record: Record) -> None:
        """Its stored result."""
        row, column, style = struct.unpack_from("<HHH", record.data)
        result = record.data[6:14]
        self.pending = None
        if result[6:8] != b"\xff\xff":
            self.sheet.add(row, column, self.book.shown(struct.unpack("<d", result)[0], style))
        elif result[0] == 0:
            self.pending = (row, column)
        elif result[0] in (1, 2):
            self.sheet.add(row, column, _bool_or_error(result[2], result[0] == 2))
        elif result[0] == _EMPTY:
            later = len(record.data) > _FLAGS and bool(record.data[_FLAGS] & _CALCULATED_LATER)
            (self.sheet.unsure if later else self.empty).append((row, column))
        self.calculated = self.calculated or result[6:8] != b"\xff\xff" or result[0] != _EMPTY

    def end(self) -> None:
        """Where no formula of the sheet has a result, none was calculated: libraries that write
        files leave that to Excel. Beside others an empty result is an empty text."""
        if not self.calculated:
            self.sheet.unsure += self.empty
        for (row, column), address in self.links.items():
            if (text := self.sheet.cells.get(row, {}).get(column)) is not None:
                self.sheet.cells[row][column] = with_address(text, address)

    def text_of_formula(self, record: Record) -> None:
        if self.pending is not None:
            text = _label(b"".join([record.data, *record.rest]), 0, self.book)
            self.sheet.add(*self.pending, text)
            self.pending = None

    def drawn(self, record: Record) -> None:
        """What an object over the cells is: a comment, a picture, a chart or a text box."""
        kind = struct.unpack_from("<H", record.data, 4)[0] if len(record.data) > 5 else 0
        self.in_comment = kind == _COMMENT
        self.sheet.comments += self.in_comment
        self.sheet.pictures += kind == _PICTURE
        self.sheet.charts += kind == _CHART

    def text_of_box(self, record: Record) -> None:
        """Of the object before it; its characters are in the record's continuation."""
        if self.in_comment or not record.rest or len(record.data) < 12:
            return
        (length,) = struct.unpack_from("<H", record.data, 10)
        flags, text = record.rest[0][:1], record.rest[0][1:]
        wide = flags == b"\x01"
        shown = text[: 2 * length].decode("utf-16-le", "replace") if wide else ""
        shown = shown or text[:length].decode("latin-1")
        if shown.strip():
            self.sheet.boxes.append(shown)

    def link(self, record: Record) -> None:
        row, _, column = struct.unpack_from("<HHH", record.data)
        at = record.data.find(_ADDRESS) + len(_ADDRESS)
        if at >= len(_ADDRESS) and at + 4 <= len(record.data):
            (size,) = struct.unpack_from("<I", record.data, at)
            address = record.data[at + 4 : at + 4 + size].decode("utf-16-le", "replace")
            self.links[row, column] = address.split("\0")[0]

    def merged(self, record: Record) -> None:
        for n in range((len(record.data) - 2) // 8):
            top, bottom, left, right = struct.unpack_from("<HHHH", record.data, 2 + 8 * n)
            if top <= bottom and left <= right:
                self.sheet.merges.append(Merged(top, left, bottom, right))

    def row(self, record: Record) -> None:
        number, flags = struct.unpack_from("<H10xH", record.data)
        if flags & _ROW_HIDDEN:
            self.sheet.hidden_rows.add(number)

    def columns(self, record: Record) -> None:
        first, last, width, _, flags = struct.unpack_from("<HHHHH", record.data)
        if flags & _COLUMN_HIDDEN or not width:
            self.sheet.hidden_columns.update(range(first, min(last + 1, _MAX_COLUMN)))


READ: dict[int, Callable[[Reader, Record], None]] = {
    0x203: Reader.number,
    0x27E: Reader.rk,
    0xBD: Reader.several_rk,
    0xFD: Reader.shared_text,
    0x204: Reader.text,
    0xD6: Reader.text,
    0x205: Reader.bool_or_error,
    0x06: Reader.formula,
    0x207: Reader.text_of_formula,
    0xE5: Reader.merged,
    0x208: Reader.row,
    0x7D: Reader.columns,
    0x5D: Reader.drawn,
    0x1B6: Reader.text_of_box,
    0x1B8: Reader.link,
}


def _label(data: bytes, offset: int, book: Book) -> str:
    return long_text(data, offset, biff8=book.biff8, encoding=book.encoding)


def _rk(number: int) -> float:
    """Thirty bits of a double or of an integer, perhaps in hundredths."""
    if number & 2:
        value = float(number >> 2 if number < 0x80000000 else (number >> 2) - 0x40000000)
    else:
        (value,) = struct.unpack("<d", struct.pack("<II", 0, number & 0xFFFFFFFC))
    return value / 100 if number & 1 else value


def _bool_or_error(value: int, is_error: bool) -> str:
    if is_error:
        return _ERRORS.get(value, "#N/A")
    return "TRUE" if value else "FALSE"
