"""Spreadsheets through calamine: every sheet a section, its rows with their numbers."""

import datetime
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.package import Package
from ingest.parsing.parser import PageProgress
from ingest.types import Document

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_OOXML = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MEDIA_TYPES = {".xls": "application/vnd.ms-excel", ".ods": "application/vnd.oasis.opendocument"}
_MAX_COLUMNS = 2000
_MAX_FILLED_CELLS = 20_000  # that hang down from one merged cell

_Cell = int | float | str | bool | datetime.time | datetime.date | datetime.timedelta


class _Row(NamedTuple):
    number: int  # as the program shows it
    cells: list[str]

    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]


class ExcelParser:
    extensions = (".xlsx", ".xlsm", ".xls", ".ods")
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        suffix = name[name.rfind(".") :].lower()
        if suffix != ".xls" or data.startswith(b"PK"):
            Package(data, name, "a spreadsheet").refuse_entities()
        builder = DocumentBuilder(data, name, _MEDIA_TYPES.get(suffix, _OOXML))
        with _panics_refused(name):
            workbook = _open(data, name)
            sheets = workbook.sheet_names
            for number, title in enumerate(sheets, start=1):
                _add_sheet(builder, title, list(_rows(_sheet(workbook, title, name), name)))
                if on_page:
                    on_page(number, len(sheets))
        return builder.build()


@contextmanager
def _panics_refused(name: str) -> Iterator[None]:
    """Where Rust code panics, which it does on damage, no Exception comes but a BaseException."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise _broken(name) from error
        raise


def _open(data: bytes, name: str) -> "CalamineWorkbook":
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError as error:
        raise ParseError(
            f"{name} is protected with a password. Remove the password and upload it again.",
            code="encrypted",
        ) from error
    except (CalamineError, OSError, ValueError) as error:
        raise _broken(name) from error


def _sheet(workbook: "CalamineWorkbook", title: str, name: str) -> "CalamineSheet | None":
    from python_calamine import CalamineError, WorksheetNotFound

    try:
        return workbook.get_sheet_by_name(title)
    except WorksheetNotFound:
        return None  # a sheet that is a chart
    except (CalamineError, OSError, ValueError) as error:
        raise _broken(name) from error


def _broken(name: str) -> ParseError:
    return ParseError(
        f"{name} is damaged or not a spreadsheet. Open it in Excel, save it again, and retry."
    )


def _rows(sheet: "CalamineSheet | None", name: str) -> Iterator[_Row]:
    """Rows with something in them. A cell merged downwards is repeated in each of its rows."""
    if sheet is None or sheet.start is None:
        return
    if sheet.width > _MAX_COLUMNS:
        raise ParseError(
            f"{name} has {sheet.width:,} columns; {_MAX_COLUMNS:,} is the limit. Is it turned "
            "on its side?",
            code="too_large",
        )
    top, left = sheet.start
    hanging = _hanging(sheet, top, left)
    texts: dict[tuple[int, int], str] = {}
    for number, values in enumerate(sheet.to_python()):
        cells = [_text(value) for value in values]
        for column, source in hanging.get(number, ()):
            if column < len(cells):
                cells[column] = cells[column] or texts.get((source, column), "")
        texts |= {(number, column): cells[column] for column in range(len(cells)) if hanging}
        if any(cells):
            yield _Row(top + number + 1, cells)


def _hanging(sheet: "CalamineSheet", top: int, left: int) -> dict[int, list[tuple[int, int]]]:
    """By row: the columns that a cell merged over rows reaches into, and the row it begins in."""
    found: dict[int, list[tuple[int, int]]] = {}
    for (first, column), (last, _) in sheet.merged_cell_ranges or ():
        if 0 < last - first <= _MAX_FILLED_CELLS and column >= left:
            for row in range(first + 1, last + 1):
                found.setdefault(row - top, []).append((column - left, first - top))
    return found


def _text(value: _Cell) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime.datetime():
            midnight = value.time() == datetime.time()
            return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    return str(value).strip()


def _add_sheet(builder: DocumentBuilder, title: str, rows: Sequence[_Row]) -> None:
    if not rows:
        return
    builder.place(f"sheet {title}")
    builder.heading(title, 1)
    for table in _tables(rows):
        _add_table(builder, table)


def _tables(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Runs of rows without a blank one between them."""
    run: list[_Row] = []
    for row in rows:
        if run and row.number > run[-1].number + 1:
            yield run
            run = []
        run.append(row)
    yield run


def _add_table(builder: DocumentBuilder, rows: Sequence[_Row]) -> None:
    """Titles above the table as paragraphs; the first full row is the header if it is all words."""
    first = next((n for n, row in enumerate(rows) if len(row.filled()) > 1), len(rows))
    for row in rows[:first]:
        builder.add_note(" ".join(row.filled()), row=row.number)
    body = rows[first:]
    if not body:
        return
    left = min(next(n for n, cell in enumerate(row.cells) if cell) for row in body)
    words = not any(_is_number(cell) for cell in body[0].filled())
    for number, row in enumerate(body):
        end = max(n for n, cell in enumerate(row.cells) if cell) + 1
        header = number == 0 and words and len(body) > 1
        cells = row.cells[left:end]
        builder.row(cells, header=header, first=number == 0, number=row.number)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace("-", "", 1).isdecimal()


PARSER = ExcelParser()
