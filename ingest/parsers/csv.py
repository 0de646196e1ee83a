"""CSV and TSV: a row is a line, cells joined with ` | `."""

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
_SAMPLE_LINES = 50
_SAMPLE_CHARACTERS = 64 * 1024
_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?[ \t;,]*(?:\r?\n|\r|\Z)", re.IGNORECASE)
_MAX_COLUMNS = 2000
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
        text, told = _told_delimiter(text)
        rows = _rows(text, told or ("\t" if is_tsv else _delimiter(text)), name)
        header = _header_index(rows)
        for index, (number, cells) in enumerate(rows):
            if index < header:
                builder.add_note(" ".join(filter(None, cells)), row=number)
            else:
                first = index == header
                builder.row(cells, header=first, first=first, number=number)
            if on_page and index % _REPORT_ROWS == 0:
                on_page(index, len(rows))
        return builder.build()


def _rows(text: str, delimiter: str, name: str) -> list[_Row]:
    """Rows that are not blank, without the empty cells at their ends."""
    csv.field_size_limit(_MAX_CELL_CHARACTERS)
    try:
        return list(_read(text, delimiter, name, strict=True))
    except csv.Error as error:
        # A stray quotation mark would swallow all that follows it: then quotes are only characters.
        stray = "end of data" in str(error)
    try:
        return list(_read(text, delimiter, name, quotes=not stray))
    except csv.Error as error:
        raise ParseError(f"{name} cannot be read as a table: {error}.") from error


def _read(
    text: str,
    delimiter: str,
    name: str,
    *,
    strict: bool = False,
    quotes: bool = True,
) -> Iterator[_Row]:
    lines = io.StringIO(text, newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=delimiter, strict=strict, quoting=quoting)
    for number, cells in enumerate(reader, start=1):
        if len(cells) > _MAX_COLUMNS:
            raise ParseError(
                f"{name} has {len(cells):,} columns in row {number:,}; {_MAX_COLUMNS:,} is the "
                "limit. Is it turned on its side?",
                code="too_large",
            )
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, cells


def _told_delimiter(text: str) -> tuple[str, str]:
    """The text without a first line `sep=;`, which is for Excel and not shown, and what it says."""
    found = _SEPARATOR_LINE.match(text)
    return (text[found.end() :], found[1]) if found else (text, "")


def _delimiter(text: str) -> str:
    """The delimiter that gives most lines the same number of fields, more than one."""
    lines = text[:_SAMPLE_CHARACTERS].splitlines()[:_SAMPLE_LINES]
    lines = [line for line in lines if line.strip()]

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1]
        common = max(set(widths), key=widths.count, default=0)
        return widths.count(common), common

    return max(_DELIMITERS, key=agreement)


def _header_index(rows: list[_Row]) -> int:
    """The first row of several cells; what stands above it is a title."""
    filled = (sum(map(bool, map(str.strip, cells))) for _, cells in rows)
    return next((index for index, count in enumerate(filled) if count > 1), 0)


PARSER = CsvParser()
