"""Word documents through python-docx: headings, lists, tables, text boxes, in reading order."""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.pages.ocr import add_picture
from ingest.parsers.chart import CHART, add_chart
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.ooxml import plain_package
from ingest.parsing.package import UNREADABLE, Package
from ingest.parsing.parser import PageProgress
from ingest.tables.grid import Field
from ingest.types import Document
from ingest.word.flatten import flatten
from ingest.word.xml import R

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.oxml.xmlchemy import BaseOxmlElement

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_STYLE_LEVEL = re.compile(r"(?:heading|标题|標題)\s*(\d)$", re.IGNORECASE)
_CONTAINERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "smartTag", "customXml")}
_NOT_SHOWN = {f"{_W}moveFrom", f"{_W}del", f"{_W}txbxContent", _ALTERNATE}
_GLYPHS = {
    **{f"{_W}tab": "\t", f"{_W}ptab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n"},
    f"{_W}noBreakHyphen": "-",
}


class DocxParser:
    extensions = (".docx", ".docm", ".dotx", ".dotm")
    signature = b"PK\x03\x04"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        word = _open(data, name)
        builder = DocumentBuilder(data, name, _MEDIA_TYPE)
        try:
            builder.title = _own_title(word)
            left_out = flatten(word)
            _Walk(builder, word).run(word.element.body)
            if not builder.length:  # pictures are all there is: scans put into Word
                _add_pictures(builder, word)
                left_out.pop("pictures", None)
            for code, count in left_out.items():
                builder.notice(code, count=count)
        except (AttributeError, TypeError, KeyError, ValueError) as error:  # parts are missing
            raise _broken(name) from error
        return builder.build()


def _open(data: bytes, name: str) -> "WordDocument":
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    package = Package(data, name, "a Word document")
    package.refuse_entities()
    try:  # lxml's complaints about bad XML are SyntaxErrors
        return docx.Document(io.BytesIO(plain_package(data, package)))
    except (PackageNotFoundError, SyntaxError, KeyError, AttributeError, *UNREADABLE) as error:
        raise _broken(name) from error


def _broken(name: str) -> ParseError:
    return ParseError(
        f"{name} is damaged or not a Word document. Open it in Word, save it again, and retry."
    )


def _add_pictures(builder: DocumentBuilder, word: "WordDocument") -> None:
    for part in word.part.package.iter_parts():
        if part.content_type.startswith("image/"):
            add_picture(builder, part.blob)


def _own_title(word: "WordDocument") -> str:
    title = word.core_properties.title or ""
    # What Word and its imitators write where nobody gave a title.
    return "" if title.strip().lower() in {"word document", "document", "untitled"} else title


class _Walk:
    """Elements of the body in order, content controls and text boxes included."""

    def __init__(self, builder: DocumentBuilder, word: "WordDocument") -> None:
        self._builder = builder
        self._parts = word.part.related_parts
        self._levels = _style_levels(word)
        styles = word.styles.element.findall(f"{_W}style")
        self._list_styles = {
            style.get(f"{_W}styleId")
            for style in styles
            if style.find(f"{_W}pPr/{_W}numPr") is not None
        }

    def run(self, parent: "BaseOxmlElement") -> None:
        for child in parent:
            if child.tag == f"{_W}p":
                self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                self._table(child)
            elif child.tag in _CONTAINERS:
                self.run(child)

    def _paragraph(self, paragraph: "BaseOxmlElement") -> None:
        text = _text(paragraph)
        level = self._level(paragraph)
        if level:
            self._builder.heading(text, level)
        elif text.strip() and self._is_item(paragraph):
            self._builder.paragraph(f"- {text.strip()}", tight=True)
        else:
            self._builder.paragraph(text)
        for box in _text_boxes(paragraph):
            self.run(box)
        for chart in paragraph.iter(f"{CHART}chart"):
            if (part := self._parts.get(chart.get(f"{R}id", ""))) is not None:
                add_chart(self._builder, part.blob)

    def _table(self, table: "BaseOxmlElement") -> None:
        """A table; a frame around other blocks, or one that lays them out, as these blocks."""
        rows = list(_within(table, f"{_W}tr"))
        cells = [cell for row in rows for cell in _within(row, f"{_W}tc")]
        one_way = len(rows) == 1 or len(cells) == len(rows)
        if len(cells) == 1 or (one_way and table.find(f".//{_W}tbl") is not None):
            for cell in cells:
                self.run(cell)
        else:
            self._builder.table(list(_rows(table)))

    def _is_item(self, paragraph: "BaseOxmlElement") -> bool:
        own = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        if own is not None:
            return bool(own.get(f"{_W}val") != "0")
        return _style(paragraph) in self._list_styles

    def _level(self, paragraph: "BaseOxmlElement") -> int:
        """1 to 9 by the paragraph's own outline level or its style's; 0 for running text."""
        outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None:
            return _outline_level(outline)
        return self._levels.get(_style(paragraph), 0)


def _style(paragraph: "BaseOxmlElement") -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return (style.get(f"{_W}val") or "") if style is not None else ""


def _style_levels(word: "WordDocument") -> dict[str, int]:
    """Style id to heading level. A style without a level inherits that of its base."""
    levels: dict[str, int] = {}
    for style in word.styles.element.findall(f"{_W}style"):
        name = style.find(f"{_W}name")
        label = (name.get(f"{_W}val") or "") if name is not None else ""
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        base = style.find(f"{_W}basedOn")
        if match := _STYLE_LEVEL.search(label):
            level = int(match[1])
        elif label.lower() == "title":
            level = 1
        elif outline is not None:
            level = _outline_level(outline)
        else:
            level = levels.get(base.get(f"{_W}val") or "", 0) if base is not None else 0
        levels[style.get(f"{_W}styleId") or ""] = level
    return levels


def _outline_level(element: "BaseOxmlElement") -> int:
    value = element.get(f"{_W}val") or "9"
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _shown(element: "BaseOxmlElement") -> Iterator["BaseOxmlElement"]:
    """Descendants in order without deleted text, text boxes and fallbacks."""
    for child in element:
        if child.tag not in _NOT_SHOWN:
            yield child
            yield from _shown(child)


def _text(paragraph: "BaseOxmlElement") -> str:
    parts: list[str] = []
    for element in _shown(paragraph):
        if element.tag == f"{_W}t":
            parts.append(element.text or "")
        elif element.tag in _GLYPHS and element.getparent().tag == f"{_W}r":
            parts.append(_GLYPHS[element.tag])
    return "".join(parts)


def _text_boxes(paragraph: "BaseOxmlElement") -> list["BaseOxmlElement"]:
    boxes = paragraph.iter(f"{_W}txbxContent")
    return [
        box for box in boxes if not any(above.tag == _ALTERNATE for above in box.iterancestors())
    ]


def _rows(table: "BaseOxmlElement") -> Iterator[list[Field]]:
    """The cells of each row at their columns; rows that Word repeats on each page are heads."""
    for row in _within(table, f"{_W}tr"):
        head = row.find(f"{_W}trPr/{_W}tblHeader")
        is_head = head is not None and _is_on(head)
        fields: list[Field] = []
        column = _number(row.find(f"{_W}trPr/{_W}gridBefore"), 0)
        for cell in _within(row, f"{_W}tc"):
            wide = _number(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1)
            down = cell.find(f"{_W}tcPr/{_W}vMerge")
            across = cell.find(f"{_W}tcPr/{_W}hMerge")
            if across is not None and across.get(f"{_W}val") != "restart" and fields:
                fields[-1] = fields[-1]._replace(column_span=fields[-1].column_span + wide)
            else:
                text = " ".join(_cell_parts(cell))
                above = down is not None and down.get(f"{_W}val") != "restart"
                fields.append(Field(text, wide, column=column, head=is_head, above=above))
            column += wide
        yield fields


def _cell_parts(cell: "BaseOxmlElement") -> Iterator[str]:
    """The texts of a cell: its paragraphs with their text boxes, tables inside of it as lines."""
    for child in cell:
        if child.tag == f"{_W}p":
            yield from filter(None, [_text(child).strip()])
            for box in _text_boxes(child):
                yield from _cell_parts(box)
        elif child.tag == f"{_W}tbl":
            yield from filter(None, [_inner_table(child)])
        elif child.tag in _CONTAINERS:
            yield from _cell_parts(child)


def _inner_table(table: "BaseOxmlElement") -> str:
    """`Size: M8, Count: 4; Size: …`; rows of two cells, which may be names and values, as they
    stand."""
    rows = [
        [" ".join(_cell_parts(cell)) for cell in _within(row, f"{_W}tc")]
        for row in _within(table, f"{_W}tr")
    ]
    if len(rows) > 1 and len(rows[0]) > 2 and all(rows[0]):
        head, *body = rows
        pairs = (zip(head, row, strict=False) for row in body)
        lines = [", ".join(f"{name}: {text}" for name, text in row if text) for row in pairs]
    else:
        lines = [" ".join(filter(None, row)) for row in rows]
    return "; ".join(filter(None, lines))


def _number(element: "BaseOxmlElement | None", default: int) -> int:
    value = element.get(f"{_W}val") if element is not None else None
    return int(value) if value is not None and value.isdecimal() else default


def _is_on(element: "BaseOxmlElement") -> bool:
    return element.get(f"{_W}val") not in ("0", "false", "off")


def _within(parent: "BaseOxmlElement", tag: str) -> Iterator["BaseOxmlElement"]:
    """Children with a tag, also inside content controls; not those of nested tables."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _CONTAINERS:
            yield from _within(child, tag)


PARSER = DocxParser()
