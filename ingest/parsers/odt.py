"""OpenDocument texts: headings, lists and tables of the body, in reading order."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING

from ingest.clean import CJK
from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.links import with_address
from ingest.parsing.package import Package
from ingest.parsing.parser import PageProgress
from ingest.scripts import lowered, raised
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
_STYLE = _NS % "style"
_NOTE_BODY = f"{_TEXT}note-body"
_MARK, _LABEL = "mark", "label"  # of a note, ours: in the sentence, and in front of its text
_ADDRESS = "{http://www.w3.org/1999/xlink}href"
_CHINESE = re.compile(f"[{CJK}]")
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
        content = package.xml("content.xml")
        body = content.find(f"{_OFFICE}body/{_OFFICE}text")
        if body is None:
            raise ParseError(f"{name} is not an OpenDocument text. Save it as .odt and retry.")
        builder = DocumentBuilder(data, name, _MEDIA_TYPE)
        if "meta.xml" in names:
            builder.title = package.xml("meta.xml").findtext(f".//{_TITLE}") or ""
        _write_inline(body, _raised_styles(content))
        _walk(builder, body)
        return builder.build()


def _walk(builder: DocumentBuilder, parent: "_Element", depth: int = 0, mark: str = "") -> None:
    if depth > _MAX_DEPTH:
        raise ParseError("The document is nested too deep to read.", code="too_large")
    for child in parent:
        if child.tag == f"{_TEXT}h":
            level = child.get(f"{_TEXT}outline-level", "1")
            builder.heading(_text(child), int(level) if level.isdecimal() else 1)
            _add_notes(builder, child)
        elif child.tag == f"{_TEXT}p":
            builder.paragraph(mark + _text(child), tight=bool(mark))
            _add_notes(builder, child)
            for box in _outside_boxes(child, _BOX):
                _walk(builder, box, depth + 1)
        elif child.tag == f"{_TABLE}table":
            builder.table(list(_rows(child)))
        elif child.tag == f"{_TEXT}list":
            _walk(builder, child, depth + 1, "- ")
        elif isinstance(child.tag, str) and child.tag not in _NOT_SHOWN:
            _walk(builder, child, depth + 1, mark)


def _add_notes(builder: DocumentBuilder, caller: "_Element") -> None:
    for note in _outside_boxes(caller, f"{_TEXT}note"):
        lines = (
            _text(line).strip()
            for body in note.iterfind(_NOTE_BODY)
            for line in body.iter(f"{_TEXT}p", f"{_TEXT}h")
        )
        builder.paragraph(note.get(_LABEL, "{}").format(" ".join(lines)), tight=True)


def _outside_boxes(paragraph: "_Element", tag: str) -> Iterator["_Element"]:
    """Elements of the paragraph that stand in none of its text boxes, which are read by
    themselves."""
    for element in paragraph.iter(tag):
        above = element.iterancestors(_BOX, paragraph.tag)
        if not any(outer.tag == _BOX for outer in takewhile(lambda e: e is not paragraph, above)):
            yield element


def _raised_styles(content: "_Element") -> dict[str, Callable[[str], str]]:
    """What the text styles that raise or lower it do to figures, by name."""
    found: dict[str, Callable[[str], str]] = {}
    for style in content.iter(f"{_STYLE}style"):
        for properties in style.iterfind(f"{_STYLE}text-properties"):
            place = properties.get(f"{_STYLE}text-position", "").split(" ")[0]
            if place == "super" or place.strip("%0"):
                is_low = place == "sub" or place.startswith("-")
                found[style.get(f"{_STYLE}name", "")] = lowered if is_low else raised
    return found


def _write_inline(body: "_Element", small: Mapping[str, Callable[[str], str]]) -> None:
    """Small figures, addresses and marks of notes as text, in place."""
    for span in body.iter(f"{_TEXT}span"):
        change = small.get(span.get(f"{_TEXT}style-name", ""))
        if change is not None and span.text:
            span.text = change(span.text)
    for link in body.iter(f"{_TEXT}a"):
        label = _text(link)
        if len(link):
            link[-1].tail = (link[-1].tail or "") + _address_behind(label, link)
        else:
            link.text = label + _address_behind(label, link)
    for number, note in enumerate(body.iter(f"{_TEXT}note"), start=1):
        is_chinese = _CHINESE.search(_text(note)) is not None
        mark, label = ("（注{}）", "注{}：{{}}") if is_chinese else (" (Note {})", "Note {}: {{}}")
        note.set(_MARK, mark.format(number))
        note.set(_LABEL, label.format(number))


def _address_behind(label: str, link: "_Element") -> str:
    return with_address(label, link.get(_ADDRESS, ""))[len(label) :]


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
        elif child.tag == f"{_TEXT}note" and child.get(_MARK):
            yield child.get(_MARK, "")
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
