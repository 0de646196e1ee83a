"""CSV and TSV: one table, with the rows that stand above its head as titles."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Literal

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_DELIMITERS = ",;\t|"
_SEP_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?[ \t;,]*(?:\r?\n|\r|\Z)", re.IGNORECASE)
_AS_TEXT = re.compile(r'="([^"]*)"')  # how programs keep Excel from reading a number
_SAMPLE_LINES = 50
_SAMPLE_CHARACTERS = 64 * 1024
_MAX_CELL_CHARACTERS = 4 * 1024 * 1024
_REPORT_ROWS = 10_000

_Row = tuple[int, list[str]]  # its number as a spreadsheet shows it, and its cells


class CsvParser:
    extensions = (".csv", ".tsv")
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        text = decode(data, name).replace("\x00", "")
        is_tsv = name.lower().endswith(".tsv")
        builder = DocumentBuilder(data, name, "text/tab-separated-values" if is_tsv else "text/csv")
        add_separated(builder, text, name, delimiter="\t" if is_tsv else "", on_page=on_page)
        return builder.build()


def add_separated(
    builder: DocumentBuilder,
    text: str,
    name: str,
    *,
    delimiter: str = "",
    on_page: PageProgress | None = None,
) -> None:
    """Add a table of separated values; the delimiter is found where none is given. Raises
    ParseError."""
    said, text, skipped = _said_delimiter(text)
    rows = _rows(text, said or delimiter or _delimiter(text), name)
    if on_page:
        on_page(0, len(rows))
    builder.table(
        _reported(rows, on_page),
        numbers=[number + skipped for number, _ in rows],
        sparse_titles=True,
    )


def _reported(rows: list[_Row], on_page: PageProgress | None) -> Iterator[list[str]]:
    for index, (_, cells) in enumerate(rows):
        if on_page and index % _REPORT_ROWS == 0:
            on_page(index, len(rows))
        yield cells


def _said_delimiter(text: str) -> tuple[str, str, int]:
    """What Excel's line `sep=;` says, the text behind that line, and how many lines it took."""
    found = _SEP_LINE.match(text)
    return (found[1], text[found.end() :], 1) if found else ("", text, 0)


def _rows(text: str, delimiter: str, name: str) -> list[_Row]:
    """Rows that are not blank, without the empty cells at their ends."""
    csv.field_size_limit(_MAX_CELL_CHARACTERS)
    try:
        return list(_read(text, delimiter, strict=True))
    except csv.Error as error:
        # A stray quotation mark would swallow all that follows it: then quotes are only characters.
        stray = "end of data" in str(error)
    try:
        return list(_read(text, delimiter, quotes=not stray))
    except csv.Error as error:
        raise ParseError(f"{name} cannot be read as a table: {error}.") from error


def _read(
    text: str, delimiter: str, *, strict: bool = False, quotes: bool = True
) -> Iterator[_Row]:
    lines = io.StringIO(text, newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=delimiter, strict=strict, quoting=quoting)
    for number, cells in enumerate(reader, start=1):
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, [_shown(cell) if cell[:2] == '="' else cell for cell in cells]


def _shown(cell: str) -> str:
    return found[1] if (found := _AS_TEXT.fullmatch(cell.strip())) else cell


def _delimiter(text: str) -> str:
    """The delimiter that gives most lines the same number of fields, more than one."""
    lines = text[:_SAMPLE_CHARACTERS].splitlines()[:_SAMPLE_LINES]
    lines = [line for line in lines if line.strip()]

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1]
        common = max(set(widths), key=widths.count, default=0)
        return widths.count(common), common

    return max(_DELIMITERS, key=agreement)


PARSER = CsvParser()
