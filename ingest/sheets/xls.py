"""Workbooks of Excel 5 to 2003, read from their records: number formats, hidden sheets, rows and
columns stand nowhere else.

[MS-XLS] (BIFF8); OpenOffice's documentation of the format for BIFF5.
"""

import io
import struct
from collections.abc import Iterator

from ingest.errors import ParseError
from ingest.sheets.biff_strings import Strings, long_text, short_text
from ingest.sheets.types import Sheet
from ingest.sheets.xls_cells import READ, Book, Reader, Record

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOF, _EOF, _CONTINUE = 0x809, 0x0A, 0x3C
_BIFF8 = 0x600
_WORKSHEET = 0x10


def is_xls(data: bytes) -> bool:
    return data.startswith((_OLE, b"\x09\x08\x10\x00\x00\x06", b"\x09\x08\x08\x00\x00\x05"))


def read_xls(data: bytes, name: str) -> Iterator[Sheet]:
    """The sheets in their order, hidden ones marked. Raises ParseError `broken`, `encrypted`."""
    stream = _workbook_stream(data, name)
    book = Book()
    try:
        for title, offset, hidden in _globals(stream, book, name):
            sheet = Sheet(title, hidden=hidden)
            _read_sheet(stream, offset, book, sheet)
            yield sheet
    except (struct.error, IndexError, LookupError) as error:
        raise _broken(name) from error


def _workbook_stream(data: bytes, name: str) -> bytes:
    import olefile  # no stubs

    if not data.startswith(_OLE):
        return data  # a bare stream
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            if container.exists("EncryptedPackage"):
                raise _locked(name)
            for stream in ("Workbook", "Book"):
                if container.exists(stream):
                    return bytes(container.openstream(stream).read())
    except (OSError, ValueError, TypeError, AttributeError, IndexError, struct.error) as error:
        raise _broken(name) from error
    raise _broken(name)


def _broken(name: str) -> ParseError:
    return ParseError(
        f"{name} is damaged or not a spreadsheet. Open it in Excel, save it again, and retry."
    )


def _locked(name: str) -> ParseError:
    return ParseError(
        f"{name} is protected with a password. Remove the password and upload it again.",
        code="encrypted",
    )


def _records(stream: bytes, offset: int) -> Iterator[Record]:
    """From `offset` to the end of that part."""
    depth = 0
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        data = stream[offset + 4 : offset + 4 + size]
        offset += 4 + size
        rest: list[bytes] = []
        while stream[offset : offset + 2] == b"\x3c\x00" and offset + 4 <= len(stream):
            (size,) = struct.unpack_from("<H", stream, offset + 2)
            rest.append(stream[offset + 4 : offset + 4 + size])
            offset += 4 + size
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1 or kind == _BOF:  # a chart inside a sheet is another part
            yield Record(kind, data, tuple(rest))
        if depth <= 0:
            return


def _globals(stream: bytes, book: Book, name: str) -> list[tuple[str, int, bool]]:
    """Reads what all sheets share; title, offset and state of each sheet."""
    sheets: list[tuple[str, int, bool]] = []
    first = True
    for record in _records(stream, 0):
        data = record.data
        if first and record.kind != _BOF:
            raise _broken(name)
        match record.kind:
            case 0x809 if first:
                (version,) = struct.unpack_from("<H", data)
                book.biff8 = version >= _BIFF8
            case 0x2F:
                raise _locked(name)
            case 0x42:
                book.encoding = _code_page(struct.unpack_from("<H", data)[0])
            case 0x22:
                book.from_1904 = data[:1] == b"\x01"
            case 0x85 if data[5] in (0, _WORKSHEET) and len(data) > 7:
                title = short_text(data, 6, biff8=book.biff8, encoding=book.encoding)
                sheets.append((title, struct.unpack_from("<I", data)[0], bool(data[4] & 3)))
            case 0xFC:
                book.strings = list(Strings([data, *record.rest]))
            case 0x41E:
                (number,) = struct.unpack_from("<H", data)
                read = long_text if book.biff8 else short_text
                book.formats[number] = read(data, 2, biff8=book.biff8, encoding=book.encoding)
            case 0xE0:
                book.styles.append(struct.unpack_from("<H", data, 2)[0])
        first = False
    if first:
        raise _broken(name)
    return sheets


def _code_page(number: int) -> str:
    known = {1200: "utf-16-le", 367: "ascii", 32768: "mac-roman", 32769: "cp1252"}
    encoding = known.get(number, f"cp{number}")
    try:
        "".encode(encoding)
    except LookupError:
        return "cp1252"
    return encoding


def _read_sheet(stream: bytes, offset: int, book: Book, sheet: Sheet) -> None:
    reader = Reader(book, sheet)
    for record in _records(stream, offset):
        if record.kind in READ:
            READ[record.kind](reader, record)
    reader.end()
