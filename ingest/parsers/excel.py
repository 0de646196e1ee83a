"""Spreadsheets: every sheet a section, its tables with the numbers of their rows.

What a file is, its content says: `.xls` is also what other programs call HTML, tab-separated text
and SpreadsheetML.
"""

import email
from collections.abc import Iterator

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.options import hidden_is_read
from ingest.parsing.package import Package
from ingest.parsing.parser import PageProgress
from ingest.sheets.ods import is_ods, read_ods
from ingest.sheets.regions import fields, regions
from ingest.sheets.spreadsheetml import is_spreadsheetml, read_spreadsheetml
from ingest.sheets.types import Sheet
from ingest.sheets.xls import is_xls, read_xls
from ingest.sheets.xlsx import is_xlsx, read_xlsx
from ingest.tables.heads import HeadRule
from ingest.types import Document

_OOXML = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MEDIA_TYPES = {
    ".xls": "application/vnd.ms-excel",
    ".et": "application/vnd.ms-excel",
    ".ods": "application/vnd.oasis.opendocument",
}
_HEAD_BYTES = 4096
_HTML = (b"<html", b"<table", b"<!doctype html", b"<meta", b"<head", b"<body")


class ExcelParser:
    extensions = (".xlsx", ".xlsm", ".xls", ".et", ".ods")  # et: WPS, the format of xls
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        suffix = name[name.rfind(".") :].lower()
        builder = DocumentBuilder(data, name, _MEDIA_TYPES.get(suffix, _OOXML))
        sheets = _workbook(data, name)
        if sheets is None:
            _add_text(builder, data, name, on_page)
            return builder.build()
        for number, sheet in enumerate(sheets, start=1):
            _add_sheet(builder, sheet)
            if on_page:
                on_page(number, number)
        return builder.build()


def _workbook(data: bytes, name: str) -> Iterator[Sheet] | None:
    """The sheets of a workbook of any kind; None where the file is text."""
    if data.startswith(b"PK"):
        package = Package(data, name, "a spreadsheet")
        package.refuse_entities()
        if is_ods(package):
            return read_ods(package, name)
        if is_xlsx(package):
            return read_xlsx(package)
        raise _broken(name)
    if is_xls(data):
        return read_xls(data, name)
    return read_spreadsheetml(data, name) if is_spreadsheetml(data) else None


def _add_text(
    builder: DocumentBuilder, data: bytes, name: str, on_page: PageProgress | None
) -> None:
    """HTML or separated values under the name of a workbook."""
    from ingest.html.blocks import add_html
    from ingest.parsers.csv import add_separated
    from ingest.parsers.html import declared_charset

    if data[:_HEAD_BYTES].lstrip().lower().startswith(b"mime-version:"):
        data = _web_page(data)
    head = data[:_HEAD_BYTES].replace(b"\x00", b"").lower()
    try:
        text = decode(data, name, declared=declared_charset(data))
    except ParseError as error:
        raise _broken(name) from error
    if any(mark in head for mark in _HTML):
        try:
            add_html(builder, text, head=HeadRule.WORDS)
        except (RecursionError, ValueError) as error:
            raise _broken(name) from error
    elif "\t" in text[:_HEAD_BYTES] or "," in text[:_HEAD_BYTES] or ";" in text[:_HEAD_BYTES]:
        add_separated(builder, text, name, on_page=on_page)
    else:
        raise _broken(name)


def _web_page(data: bytes) -> bytes:
    """The page of a web archive, as Excel saves one in a single file; empty where it has none."""
    message = email.message_from_bytes(data.lstrip())
    pages = (part for part in message.walk() if part.get_content_type() == "text/html")
    contents = (part.get_payload(decode=True) for part in pages)
    found = [content for content in contents if isinstance(content, bytes)]
    return max(found, key=lambda page: page.lower().count(b"<td"), default=b"")


def _broken(name: str) -> ParseError:
    return ParseError(
        f"{name} is damaged or not a spreadsheet. Open it in Excel, save it again, and retry."
    )


def _add_sheet(builder: DocumentBuilder, sheet: Sheet) -> None:
    title = sheet.title
    left_out = ("comments", sheet.comments), ("pictures", sheet.pictures), ("charts", sheet.charts)
    if not sheet.cells and not sheet.boxes and not any(count for _, count in left_out):
        return
    if not hidden_is_read():
        if sheet.hidden:
            builder.notice("hidden_sheet", title)
            return
        _note_hidden(builder, sheet)
    for code, count in left_out:
        if count:
            builder.notice(code, title, count=count)
    if not hidden_is_read():
        sheet = sheet.without_hidden()
    if sheet.unsure:
        where = f"{title}: {sheet.named_unsure()}"
        builder.notice("formula_without_value", where, count=len(sheet.unsure))
    if not sheet.cells and not sheet.boxes:
        return
    builder.place(f"sheet {title}")
    builder.heading(title, 1)
    for region in regions(sheet):
        builder.table(
            fields(region, sheet.merges),
            head=HeadRule.WORDS,
            numbers=[number + 1 for number in region.numbers],
            sheet=title,
            sparse_titles=True,
        )
    for box in sheet.boxes:
        builder.paragraph(box)


def _note_hidden(builder: DocumentBuilder, sheet: Sheet) -> None:
    """Hidden rows and columns in which something stands."""
    rows = sum(row in sheet.hidden_rows for row in sheet.cells)
    filled_columns = {column for cells in sheet.cells.values() for column in cells}
    columns = len(filled_columns & sheet.hidden_columns)
    if rows:
        builder.notice("hidden_rows", sheet.title, count=rows)
    if columns:
        builder.notice("hidden_columns", sheet.title, count=columns)


PARSER = ExcelParser()
