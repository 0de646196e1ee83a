"""OpenDocument texts: headings, lists and tables of the body, in reading order."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.package import Package
from ingest.parsing.parser import PageProgress
from ingest.tables.grid import Field
from ingest.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
_NS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TEXT, _TABLE, _OFFICE = _NS % "text", _NS % "table", _NS % "office"
_MANIFEST = _NS % "manifest"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_NOT_SHOWN = {f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}table-of-content"}
_BOX = f"{_NS % 'drawing'}text-box"
_NOT_INLINE = {*_NOT_SHOWN, _BOX}
_BREAKS = {f"{_TEXT}line-break": "\n", f"{_TEXT}tab": "\t"}
_MAX_REPEATED = 64
_MAX_DEPTH = 200


class OdtParser:
    extensions = (".odt", ".ott")
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        package = Package(data, name, "an OpenDocument text")
        names = package.names()
        if "META-INF/manifest.xml" in names:
            manifest = package.xml("META-INF/manifest.xml")
            if manifest.find(f".//{_MANIFEST}encryption-data") is not None:
                raise ParseError(
                    f"{name} is protected with a password. Remove it and upload again.",
                    code="encrypted",
                )
        body = package.xml("content.xml").find(f"{_OFFICE}body/{_OFFICE}text")
        if body is None:
            raise ParseError(f"{name} is not an OpenDocument text. Save it as .odt and retry.")
        builder = DocumentBuilder(data, name, _MEDIA_TYPE)
        if "meta.xml" in names:
            builder.title = package.xml("meta.xml").findtext(f".//{_TITLE}") or ""
        _walk(builder, body)
        return builder.build()


def _walk(builder: DocumentBuilder, parent: "_Element", depth: int = 0, mark: str = "") -> None:
    if depth > _MAX_DEPTH:
        raise ParseError("The document is nested too deep to read.", code="too_large")
    for child in parent:
        if child.tag == f"{_TEXT}h":
            level = child.get(f"{_TEXT}outline-level", "1")
            builder.heading(_text(child), int(level) if level.isdecimal() else 1)
        elif child.tag == f"{_TEXT}p":
            builder.paragraph(mark + _text(child), tight=bool(mark))
            for box in child.iter(_BOX):
                _walk(builder, box, depth + 1)
        elif child.tag == f"{_TABLE}table":
            builder.table(list(_rows(child)))
        elif child.tag == f"{_TEXT}list":
            _walk(builder, child, depth + 1, "- ")
        elif isinstance(child.tag, str) and child.tag not in _NOT_SHOWN:
            _walk(builder, child, depth + 1, mark)


def _text(element: "_Element") -> str:
    return "".join(_parts(element))


def _parts(element: "_Element", depth: int = 0) -> Iterator[str]:
    """The strings of a paragraph; text boxes are paragraphs of their own."""
    yield element.text or ""
    for child in element:
        if child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c", "1")
            yield " " * min(int(count) if count.isdecimal() else 1, _MAX_REPEATED)
        elif child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif isinstance(child.tag, str) and child.tag not in _NOT_INLINE and depth < _MAX_DEPTH:
            yield from _parts(child, depth + 1)
        yield child.tail or ""


def _rows(table: "_Element") -> Iterator[list[Field]]:
    """The cells of each row; those of header rows are heads."""
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is not table:
            continue  # of a table inside a cell
        in_head = row.getparent().tag == f"{_TABLE}table-header-rows"
        fields: list[Field] = []
        column = 0
        for cell in row:
            times = min(_count(cell, "number-columns-repeated"), _MAX_REPEATED)
            if cell.tag == f"{_TABLE}table-cell":
                texts = (_text(p).strip() for p in cell.iter(f"{_TEXT}p", f"{_TEXT}h"))
                text = " ".join(filter(None, texts))
                wide, high = (_count(cell, f"number-{way}-spanned") for way in ("columns", "rows"))
                fields += [Field(text, wide, high, column + n, head=in_head) for n in range(times)]
            elif cell.tag != f"{_TABLE}covered-table-cell":
                continue
            column += times
        yield fields


def _count(cell: "_Element", name: str) -> int:
    value = cell.get(f"{_TABLE}{name}", "1")
    return int(value) if value.isdecimal() else 1


PARSER = OdtParser()
