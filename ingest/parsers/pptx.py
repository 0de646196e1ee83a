"""Slides through python-pptx: titles, text, tables, charts and speaker notes in reading order."""

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ingest.errors import ParseError
from ingest.pages.ocr import add_picture
from ingest.parsers.chart import add_chart
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
_MAX_GROUP_DEPTH = 16
_SAME_ROW = 0.75  # of the height of the higher of two shapes, that stands beside the other


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
    if struck := flatten_slide(slide.element, links):
        builder.notice("struck_text", count=struck)
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
    elif pictures := sum(_is_picture(found) for found in slide.element.iter("{*}pic")):
        builder.notice("pictures", count=pictures)
    if objects := sum(1 for _ in slide.element.iter("{*}oleObj")):
        builder.notice("objects", count=objects)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
        builder.paragraph(notes.text)


def _is_picture(found: Any) -> bool:  # no stubs
    """Not that of an embedded object."""
    return next(found.iterancestors("{*}oleObj"), None) is None


def _flat(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """Shapes from top to bottom, left to right; those of a group together."""
    for shape in _by_place(shapes):
        if shape.shape_type == 6 and depth < _MAX_GROUP_DEPTH:  # MSO_SHAPE_TYPE.GROUP
            yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _by_place(shapes: Iterable[Any]) -> list[Any]:
    """In rows: hands place shapes side by side at slightly different heights. A group counts in
    units of its own, so shapes are measured by each other."""
    ordered: list[Any] = []
    row: list[Any] = []
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if row and not _is_beside(shape, row[0]):
            ordered += sorted(row, key=lambda shape: shape.left or 0)
            row = []
        row.append(shape)
    return ordered + sorted(row, key=lambda shape: shape.left or 0)


def _is_beside(shape: Any, other: Any) -> bool:  # no stubs
    (top, height), (above, size) = ((s.top or 0, s.height or 0) for s in (shape, other))
    shared = min(top + height, above + size) - max(top, above)
    return bool(shared >= _SAME_ROW * max(height, size))


def _add_shape(builder: DocumentBuilder, shape: Any) -> None:  # no stubs
    if shape.has_text_frame:
        for number, paragraph in enumerate(shape.text_frame.paragraphs):
            text = paragraph.text.replace("\v", "\n").strip()
            item = f"- {text}" if paragraph.level and text else text
            builder.paragraph(item, tight=number > 0)
    elif getattr(shape, "has_table", False):
        builder.table([list(_cells(row)) for row in shape.table.rows])
    elif getattr(shape, "has_chart", False):
        add_chart(builder, shape.chart.part.blob)


def _cells(row: Any) -> Iterator[Field]:  # no stubs
    for column, cell in enumerate(row.cells):
        if cell.is_merge_origin:
            yield Field(cell.text, cell.span_width, cell.span_height, column)
        elif not cell.is_spanned:
            yield Field(cell.text, column=column)


PARSER = PptxParser()
