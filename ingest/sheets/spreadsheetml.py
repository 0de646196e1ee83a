"""SpreadsheetML, the XML that Excel 2003 saved; other programs still write it as `.xls`.

https://learn.microsoft.com/en-us/previous-versions/office/developer/office-xp/aa140066(v=office.10)
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.parsing.links import with_address
from ingest.parsing.package import refuse_entities
from ingest.sheets.date_format import iso
from ingest.sheets.number_format import formatter
from ingest.sheets.types import Merged, Sheet

if TYPE_CHECKING:
    from lxml.etree import _Element

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_MARK = b"urn:schemas-microsoft-com:office:spreadsheet"
_HEAD_BYTES = 4096
_NAMED_FORMATS = {
    "General Number": "General", "Currency": '"¥"#,##0.00;-"¥"#,##0.00', "Fixed": "0.00",
    "Standard": "#,##0.00", "Percent": "0.00%", "Scientific": "0.00E+00",
    "Yes/No": '"Yes";"Yes";"No"',
    "True/False": '"TRUE";"TRUE";"FALSE"', "On/Off": '"On";"On";"Off"',
    "General Date": "yyyy-mm-dd h:mm", "Long Date": "yyyy-mm-dd", "Medium Date": "d-mmm-yy",
    "Short Date": "yyyy-mm-dd", "Long Time": "h:mm:ss", "Medium Time": "h:mm AM/PM",
    "Short Time": "h:mm",
}  # fmt: skip


def is_spreadsheetml(data: bytes) -> bool:
    head = data[:_HEAD_BYTES].replace(b"\x00", b"")
    return _MARK in head and b"Workbook" in head and b"<html" not in head.lower()


def read_spreadsheetml(data: bytes, name: str) -> Iterator[Sheet]:
    """The sheets in their order, hidden ones marked. Raises ParseError `broken`, `unsafe_xml`."""
    from lxml import etree

    refuse_entities(data, name)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(data.lstrip(), parser)
    if root is None:
        raise ParseError(
            f"{name} is damaged or not a spreadsheet. Open it in Excel, save it again, and retry."
        )
    codes = {
        style.get(f"{_SS}ID", ""): format_.get(f"{_SS}Format", "")
        for style in root.iter(f"{_SS}Style")
        for format_ in style.iter(f"{_SS}NumberFormat")
    }
    for entry in root.iter(f"{_SS}Worksheet"):
        visible = entry.find("{*}WorksheetOptions/{*}Visible")
        sheet = Sheet(
            entry.get(f"{_SS}Name", ""),
            hidden=visible is not None and (visible.text or "").startswith("Sheet"),
        )
        table = entry.find(f"{_SS}Table")
        if table is not None:
            _read_table(table, codes, sheet)
        yield sheet


def _read_table(table: "_Element", codes: dict[str, str], sheet: Sheet) -> None:
    row = column = -1
    for entry in table:
        if entry.tag == f"{_SS}Column":
            column = _index(entry, column)
            span = _number(entry, "Span")
            if entry.get(f"{_SS}Hidden") == "1" or entry.get(f"{_SS}Width") == "0":
                sheet.hidden_columns.update(range(column, column + span + 1))
            column += span
        elif entry.tag == f"{_SS}Row":
            row = _index(entry, row)
            span = _number(entry, "Span")
            if entry.get(f"{_SS}Hidden") == "1" or entry.get(f"{_SS}Height") == "0":
                sheet.hidden_rows.update(range(row, row + span + 1))
            _read_row(entry, row, codes, sheet)
            row += span


def _read_row(row: "_Element", at: int, codes: dict[str, str], sheet: Sheet) -> None:
    column = -1
    for cell in row.iter(f"{_SS}Cell"):
        column = _index(cell, column)
        data = cell.find(f"{_SS}Data")
        sheet.comments += cell.find(f"{_SS}Comment") is not None
        text = _shown(data, codes.get(cell.get(f"{_SS}StyleID", ""), ""))
        formula = cell.get(f"{_SS}Formula")
        if not text and formula and (data is None or data.get(f"{_SS}Type") != "String"):
            text = formula
            sheet.unsure.append((at, column))
        sheet.add(at, column, with_address(text, cell.get(f"{_SS}HRef", "")))
        across, down = _number(cell, "MergeAcross"), _number(cell, "MergeDown")
        if across or down:
            sheet.merges.append(Merged(at, column, at + down, column + across))
        column += across


def _shown(data: "_Element | None", code: str) -> str:
    if data is None:
        return ""
    text = "".join(data.itertext())
    kind = data.get(f"{_SS}Type")
    code = _NAMED_FORMATS.get(code, code)
    try:
        if kind == "Number":
            text = formatter(code)(float(text))
        elif kind == "DateTime":
            text = _date(datetime.fromisoformat(text), code)
        elif kind == "Boolean":
            text = "TRUE" if text.strip() == "1" else "FALSE"
    except (ValueError, TypeError):
        return text
    return text


def _date(moment: datetime, code: str) -> str:
    if not code or code == "General":
        return iso(moment)
    return formatter(code)((moment - datetime(1899, 12, 30)).total_seconds() / 86_400)


def _index(entry: "_Element", before: int) -> int:
    given = _number(entry, "Index")
    return given - 1 if given else before + 1


def _number(entry: "_Element", name: str) -> int:
    value = entry.get(f"{_SS}{name}", "0")
    return int(value) if value.isdecimal() and len(value) < 8 else 0
