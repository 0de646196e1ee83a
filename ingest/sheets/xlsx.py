"""xlsx and xlsm, Transitional and Strict, read from their XML: only there stand number formats,
formulas without results, and what is hidden. Cells are read one by one, so that a stray cell in the
last row of a sheet costs nothing.

ECMA-376 part 1, 18.3 (sheets), 18.4 (shared strings), 18.8 (styles). Elements are known by their
local names: Strict has other name spaces.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.parsing.package import Package
from ingest.sheets.number_format import BUILT_IN
from ingest.sheets.types import Merged, Sheet
from ingest.sheets.xlsx_cells import (
    FALSE,
    MAX_COLUMN,
    Book,
    Cells,
    column_number,
    local_name,
    plain_text,
)
from ingest.sheets.xlsx_overlay import add_links, add_notes
from ingest.tables.grid import CellPosition

if TYPE_CHECKING:
    from lxml.etree import _Element

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})", re.IGNORECASE)
_MAX_ROW = 1_048_576
_SHEET_TYPE = "/worksheet"


def read_xlsx(package: Package) -> Iterator[Sheet]:
    """The sheets in their order, hidden ones marked. Raises ParseError `broken`."""
    path = _main_part(package)
    workbook = package.xml(path)
    parts = _relations(package, path)
    properties = _first(workbook, "workbookPr")
    calculation = _first(workbook, "calcPr")
    targets = dict(parts.values())  # by kind
    book = Book(
        strings=list(_shared_strings(package, targets.get("/sharedStrings", ""))),
        formats=_formats(package, targets.get("/styles", "")),
        from_1904=_is_on(properties, "date1904"),
        recalculated=_is_on(calculation, "fullCalcOnLoad"),
    )
    for entry in workbook.iter("{*}sheet"):
        kind, target = parts.get(_relation_id(entry), ("", ""))
        if kind == _SHEET_TYPE:
            sheet = Sheet(entry.get("name", ""), hidden=entry.get("state", "visible") != "visible")
            _read_sheet(package, target, book, sheet)
            yield sheet


def is_xlsx(package: Package) -> bool:
    return bool(_main_part(package))


def _main_part(package: Package) -> str:
    names = set(package.names())
    if "_rels/.rels" in names:
        for kind, target in _relations(package, "").values():
            if kind == "/officeDocument" and target in names and not target.endswith(".bin"):
                return target if _holds_sheets(package, target) else ""
    return "xl/workbook.xml" if "xl/workbook.xml" in names else ""


def _holds_sheets(package: Package, target: str) -> bool:
    root = package.xml(target)
    return isinstance(root.tag, str) and root.tag.endswith("}workbook")


def _relations(package: Package, path: str) -> dict[str, tuple[str, str]]:
    """By id: the end of the relation's type, such as `/worksheet`, and the part or the address
    that it leads to."""
    folder, name = posixpath.split(path)
    member = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}
    if member in package.names():
        for entry in package.xml(member).iter("{*}Relationship"):
            target, kind = entry.get("Target", ""), entry.get("Type", "")
            if entry.get("TargetMode") != "External":
                whole = target[1:] if target.startswith("/") else posixpath.join(folder, target)
                target = posixpath.normpath(whole)
            found[entry.get("Id", "")] = kind[kind.rfind("/") :] if "/" in kind else kind, target
    return found


def _relation_id(entry: "_Element") -> str:
    return next((str(v) for k, v in entry.attrib.items() if str(k).endswith("}id")), "")


def _shared_strings(package: Package, member: str) -> Iterator[str]:
    if member not in package.names():
        return
    for entry in package.stream(member, "si"):
        yield plain_text(entry)


def _formats(package: Package, member: str) -> list[str]:
    """The format code of each cell style."""
    if member not in package.names():
        return []
    styles = package.xml(member)
    codes = dict(BUILT_IN)
    for entry in styles.iter("{*}numFmt"):
        number = entry.get("numFmtId", "")
        if number.isdecimal() and local_name(entry.getparent()) == "numFmts":
            codes[int(number)] = entry.get("formatCode", "")
    listed = _first(styles, "cellXfs")
    numbers = [xf.get("numFmtId", "0") for xf in listed] if listed is not None else []
    return [codes.get(int(n), "") if n.isdecimal() else "" for n in numbers]


def _read_sheet(package: Package, member: str, book: Book, sheet: Sheet) -> None:
    cells: Cells | None = None
    links: dict[CellPosition, str] = {}
    row = -1
    for entry in package.stream(member, "row", "col", "mergeCell", "hyperlink"):
        name = local_name(entry)
        if name == "row":
            row = _row_number(entry, row)
            if _is_on(entry, "hidden") or entry.get("ht") == "0":
                sheet.hidden_rows.add(row)
            cells = cells or Cells(book, sheet, str(entry.tag).removesuffix("row"))
            cells.read(entry, row)
        elif name == "col":
            _hide_columns(entry, sheet)
        elif name == "hyperlink":
            if at := _REFERENCE.match(entry.get("ref", "")):
                links[int(at[2]) - 1, column_number(at[1])] = _relation_id(entry)
        elif merged := _merged(entry.get("ref", "")):
            sheet.merges.append(merged)
    relations = _relations(package, member)
    add_links(sheet, links, relations)
    add_notes(package, sheet, relations)


def _row_number(entry: "_Element", before: int) -> int:
    number = entry.get("r", "")
    return min(int(number), _MAX_ROW) - 1 if number.isdecimal() and int(number) else before + 1


def _merged(reference: str) -> Merged | None:
    corners = _REFERENCE.findall(reference)
    if len(corners) != 2:
        return None
    (left, top), (right, bottom) = corners
    return Merged(
        max(int(top) - 1, 0),
        column_number(left),
        min(int(bottom), _MAX_ROW) - 1,
        min(column_number(right), MAX_COLUMN - 1),
    )


def _hide_columns(entry: "_Element", sheet: Sheet) -> None:
    first, last = entry.get("min", ""), entry.get("max", "")
    if (_is_on(entry, "hidden") or entry.get("width") == "0") and first.isdecimal():
        end = min(int(last), MAX_COLUMN) if last.isdecimal() else int(first)
        sheet.hidden_columns.update(range(max(int(first) - 1, 0), end))


def _is_on(entry: "_Element | None", name: str) -> bool:
    return entry is not None and entry.get(name) not in FALSE


def _first(root: "_Element", name: str) -> "_Element | None":
    return next(root.iter(f"{{*}}{name}"), None)
