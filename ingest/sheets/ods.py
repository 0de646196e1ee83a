"""OpenDocument spreadsheets from their XML, which holds every cell's text as it is shown."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.parsing.links import with_address
from ingest.parsing.package import Package
from ingest.sheets.types import Merged, Sheet

if TYPE_CHECKING:
    from lxml.etree import _Element

_NS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TABLE, _TEXT, _OFFICE, _STYLE = (_NS % name for name in ("table", "text", "office", "style"))
_DRAW = _NS % "drawing"
_MANIFEST = _NS % "manifest"
_ADDRESS = "{http://www.w3.org/1999/xlink}href"
_NOT_SHOWN = {f"{_OFFICE}annotation", f"{_TABLE}detective", f"{_DRAW}frame"}
_MAX_REPEATED = 2000  # of a cell or row in which something stands
_HIDDEN = ("collapse", "filter")


def is_ods(package: Package) -> bool:
    names = package.names()
    if "mimetype" in names:
        return b"opendocument.spreadsheet" in package.read("mimetype")
    return "content.xml" in names


def read_ods(package: Package, name: str) -> Iterator[Sheet]:
    """The sheets in their order, hidden ones marked. Raises ParseError `broken`, `encrypted`."""
    if "META-INF/manifest.xml" in package.names():
        manifest = package.xml("META-INF/manifest.xml")
        if manifest.find(f".//{_MANIFEST}encryption-data") is not None:
            raise ParseError(
                f"{name} is protected with a password. Remove the password and upload it again.",
                code="encrypted",
            )
    hidden_styles: set[str] = set()
    for entry in package.stream("content.xml", "style", "table"):
        if entry.tag == f"{_STYLE}style":
            shown = (child.get(f"{_TABLE}display") for child in entry)
            if "false" in shown:
                hidden_styles.add(entry.get(f"{_STYLE}name", ""))
        elif entry.tag == f"{_TABLE}table" and _is_sheet(entry):
            yield _sheet(entry, hidden_styles)


def _is_sheet(entry: "_Element") -> bool:
    parent = entry.getparent()
    return parent is not None and parent.tag == f"{_OFFICE}spreadsheet"


def _sheet(table: "_Element", hidden_styles: set[str]) -> Sheet:
    sheet = Sheet(
        table.get(f"{_TABLE}name", ""),
        hidden=table.get(f"{_TABLE}style-name", "") in hidden_styles,
    )
    _add_drawings(table, sheet)
    row = column = 0
    for entry in _own(table):
        if entry.tag == f"{_TABLE}table-column":
            times = _count(entry, "number-columns-repeated")
            if entry.get(f"{_TABLE}visibility") in _HIDDEN:
                sheet.hidden_columns.update(range(column, column + min(times, 16_384)))
            column += times
        else:
            times = _count(entry, "number-rows-repeated")
            _add_rows(entry, row, times, sheet)
            row += times
    return sheet


def _add_drawings(table: "_Element", sheet: Sheet) -> None:
    """Texts of text boxes; pictures and charts are counted."""
    for frame in table.iter(f"{_DRAW}frame"):
        box = frame.find(f"{_DRAW}text-box")
        if box is not None:
            lines = ("".join(_parts(line)) for line in box.iter(f"{_TEXT}p"))
            sheet.boxes += filter(str.strip, ["\n".join(lines)])
        elif frame.find(f"{_DRAW}object") is not None:
            sheet.charts += 1
        else:
            sheet.pictures += frame.find(f"{_DRAW}image") is not None


def _own(table: "_Element") -> Iterator["_Element"]:
    """Columns and rows, inside groups and headers too, not those of a table in a cell."""
    for child in table:
        if child.tag in (f"{_TABLE}table-column", f"{_TABLE}table-row"):
            yield child
        elif isinstance(child.tag, str) and child.tag.startswith(f"{_TABLE}table-"):
            yield from _own(child)


def _add_rows(entry: "_Element", row: int, times: int, sheet: Sheet) -> None:
    cells = [
        cell for cell in entry if cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
    ]
    column = 0
    times = min(times, _MAX_REPEATED)
    if entry.get(f"{_TABLE}visibility") in _HIDDEN:
        sheet.hidden_rows.update(range(row, row + times))
    for cell in cells:
        repeated = _count(cell, "number-columns-repeated")
        if cell.tag == f"{_TABLE}table-cell":
            text = _shown(cell)
            sheet.comments += cell.find(f"{_OFFICE}annotation") is not None
            formula = cell.get(f"{_TABLE}formula")
            if not text and formula and cell.get(f"{_OFFICE}value-type") is None:
                text = _formula(formula)
                sheet.unsure.append((row, column))
            if text.strip():
                across = min(repeated, max(_MAX_REPEATED // times, 1))
                for r in range(row, row + times):
                    for c in range(column, column + across):
                        sheet.add(r, c, text)
            down, across = (_count(cell, f"number-{way}-spanned") for way in ("rows", "columns"))
            if down > 1 or across > 1:
                sheet.merges.append(Merged(row, column, row + down - 1, column + across - 1))
        column += repeated


def _shown(cell: "_Element") -> str:
    lines = ["".join(_parts(child)) for child in cell if child.tag == f"{_TEXT}p"]
    return "\n".join(lines)


def _parts(element: "_Element") -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == f"{_TEXT}s":
            yield " " * min(_count(child, "c", space=_TEXT), 64)
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            yield " "
        elif child.tag == f"{_TEXT}a":
            yield with_address("".join(_parts(child)), child.get(_ADDRESS, ""))
        elif isinstance(child.tag, str) and child.tag not in _NOT_SHOWN:
            yield from _parts(child)
        yield child.tail or ""


def _formula(text: str) -> str:
    """`of:=SUM([.B2:.B4])` as a person writes it."""
    _, _, formula = text.rpartition(":=") if ":=" in text[:12] else ("", "", text.lstrip("="))
    return "=" + formula.replace("[.", "").replace(":.", ":").replace("]", "")


def _count(entry: "_Element", name: str, *, space: str = _TABLE) -> int:
    value = entry.get(f"{space}{name}", "1")
    return int(value) if value.isdecimal() and len(value) < 8 else 1
