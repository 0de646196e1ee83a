"""Slides through python-pptx: titles, text, tables, charts and speaker notes in reading order."""

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ingest.errors import ParseError
from ingest.pages.ocr import add_picture
from ingest.parsers.slide_text import flatten_slide
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.ooxml import plain_package
from ingest.parsing.package import UNREADABLE, Package
from ingest.parsing.parser import PageProgress
from ingest.tables.grid import Field
from ingest.types import Document
from ingest.word.xml import DIAGRAM

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_DEFAULT_TITLES = {"powerpoint presentation", "presentation", "演示文稿", "untitled"}
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_RUN = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_MAX_GROUP_DEPTH = 16


class PptxParser:
    extensions = (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx")
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        deck = _open(data, name)
        builder = DocumentBuilder(data, name, _MEDIA_TYPE)
        try:
            title = deck.core_properties.title or ""
            builder.title = "" if title.strip().lower() in _DEFAULT_TITLES else title
            total = len(deck.slides)
            for number, slide in enumerate(deck.slides, start=1):
                builder.page(number)
                builder.place(f"slide {number}")
                _add_slide(builder, slide)
                if on_page:
                    on_page(number, total)
        except (KeyError, AttributeError, IndexError, TypeError, SyntaxError, *UNREADABLE) as error:
            raise _broken(name) from error
        return builder.build()


def _open(data: bytes, name: str) -> "Presentation":
    import pptx
    from pptx.exc import PythonPptxError

    package = Package(data, name, "a PowerPoint file")
    package.refuse_entities()
    try:  # lxml's complaints about bad XML are SyntaxErrors
        return pptx.Presentation(io.BytesIO(plain_package(data, package)))
    except (PythonPptxError, SyntaxError, KeyError, AttributeError, *UNREADABLE) as error:
        raise _broken(name) from error


def _broken(name: str) -> ParseError:
    return ParseError(
        f"{name} is damaged or not a PowerPoint file. Open it there, save it again, and retry."
    )


def _add_slide(builder: DocumentBuilder, slide: "Slide") -> None:
    links = {rid: rel.target_ref for rid, rel in slide.part.rels.items() if rel.is_external}
    flatten_slide(slide.element, links)
    if diagrams := sum(1 for _ in slide.element.iter(f"{DIAGRAM}relIds")):
        builder.notice("diagrams", count=diagrams)
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        builder.heading(title.text_frame.text, 2)
    before = builder.length
    shapes = list(_flat(slide.shapes))
    for shape in shapes:
        if title is None or shape.shape_id != title.shape_id:
            _add_shape(builder, shape)
    if builder.length == before:  # a picture is all there is: perhaps a scanned slide
        for shape in shapes:
            if shape.shape_type == 13:  # MSO_SHAPE_TYPE.PICTURE
                add_picture(builder, shape.image.blob)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
        builder.paragraph(notes.text)


def _flat(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """Shapes from top to bottom, left to right; those of a group together."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if shape.shape_type == 6 and depth < _MAX_GROUP_DEPTH:  # MSO_SHAPE_TYPE.GROUP
            yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _add_shape(builder: DocumentBuilder, shape: Any) -> None:  # no stubs
    if shape.has_text_frame:
        for number, paragraph in enumerate(shape.text_frame.paragraphs):
            text = paragraph.text.replace("\v", "\n").strip()
            item = f"- {text}" if paragraph.level and text else text
            builder.paragraph(item, tight=number > 0)
    elif getattr(shape, "has_table", False):
        builder.table([list(_cells(row)) for row in shape.table.rows])
    elif getattr(shape, "has_chart", False):
        _add_chart(builder, shape.chart)


def _cells(row: Any) -> Iterator[Field]:  # no stubs
    for column, cell in enumerate(row.cells):
        if cell.is_merge_origin:
            yield Field(cell.text, cell.span_width, cell.span_height, column)
        elif not cell.is_spanned:
            yield Field(cell.text, column=column)


def _add_chart(builder: DocumentBuilder, chart: Any) -> None:  # no stubs
    """A chart of any kind as the table that it was drawn from."""
    from lxml import etree

    space = etree.fromstring(chart.part.blob, etree.XMLParser(resolve_entities=False))
    title = space.find(f"{_CHART}chart/{_CHART}title")
    if title is not None:
        builder.paragraph("".join(title.itertext(_RUN)))
    series = list(space.iter(f"{_CHART}ser"))
    columns = [_points(one, "val", "yVal") for one in series]
    names = ["".join(_points(one, "tx").values()) for one in series]
    categories = _points(series[0], "cat", "xVal") if series else {}
    rows = [["", *names]]
    for key in sorted(set(categories).union(*columns)):
        rows.append([categories.get(key, ""), *(column.get(key, "") for column in columns)])
    builder.table(rows)


def _points(series: Any, *kinds: str) -> dict[int, str]:  # an lxml element
    """The values of the first kind there is, by their place."""
    for kind in kinds:
        if (found := series.find(f"{_CHART}{kind}")) is not None:
            points = found.iter(f"{_CHART}pt")
            return {int(p.get("idx", "0")): p.findtext(f"{_CHART}v", "") for p in points}
    return {}


PARSER = PptxParser()
