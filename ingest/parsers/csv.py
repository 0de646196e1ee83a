"""CSV and TSV through LlamaIndex's pandas reader: a row is a line, cells joined with ` | `."""

import csv
from typing import Any

from ingest.builder import CELL_SEPARATOR, DocumentBuilder
from ingest.clean import clean
from ingest.decode import decode
from ingest.errors import ParseError
from ingest.llama_reader import read_texts
from ingest.parsers import PageProgress
from ingest.types import BlockKind, Document

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_MAX_COLUMNS = 2000


class CsvParser:
    extensions = (".csv", ".tsv")
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        text = clean(decode(data, name))
        is_tsv = name.lower().endswith(".tsv")
        builder = DocumentBuilder(data, name, "text/tab-separated-values" if is_tsv else "text/csv")
        # Rows shorter than the widest end in empty cells.
        lines = (row.rstrip(" |\t\n") for row in _rows(text, name, is_tsv))
        rows = [line for line in lines if line]
        header = _header_index(rows)
        for number, row in enumerate(rows):
            if number < header:
                builder.paragraph(row)
            else:
                kind = BlockKind.TABLE_HEADER if number == header else BlockKind.TABLE_ROW
                builder.add(kind, row, tight=number > header)
        return builder.build()


def _rows(text: str, name: str, is_tsv: bool) -> list[str]:
    from llama_index.readers.file import PandasCSVReader

    delimiter = "\t" if is_tsv else _delimiter(text)
    options: dict[str, Any] = {
        "sep": delimiter,
        "header": None,  # a header is a row like any other, and not always the first
        "names": range(_columns(text, delimiter)),  # so that rows of unequal length are read
        "dtype": str,
        "na_filter": False,
    }
    data = text.encode()
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):  # a stray quotation mark ruins the first
        reader = PandasCSVReader(
            concat_rows=False,
            col_joiner=CELL_SEPARATOR,
            pandas_config=options | {"quoting": quoting},
        )
        try:
            return read_texts(reader, data, name)
        except ParseError:
            if quoting == csv.QUOTE_NONE:
                raise
    return []


def _delimiter(text: str) -> str:
    """The delimiter that gives most lines the same number of fields, more than one."""
    lines = [line for line in text.splitlines()[:_SAMPLE_LINES] if line.strip()]

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1]
        common = max(set(widths), key=widths.count, default=0)
        return widths.count(common), common

    return max(_DELIMITERS, key=agreement)


def _columns(text: str, delimiter: str) -> int:
    """No row has more columns than this; quoted delimiters make it too many, which is harmless."""
    most = max((line.count(delimiter) for line in text.splitlines()), default=0)
    return min(most + 1, _MAX_COLUMNS)


def _header_index(rows: list[str]) -> int:
    """The first row of several cells; what stands above it is a title."""
    return next((n for n, row in enumerate(rows) if CELL_SEPARATOR in row), 0)


PARSER = CsvParser()
