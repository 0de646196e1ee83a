"""Slides through python-pptx: titles, text, tables, charts and speaker notes in reading order."""

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ingest.builder import DocumentBuilder
from ingest.errors import ParseError
from ingest.ocr import add_picture
from ingest.package import Package
from ingest.parsers import PageProgress
from ingest.types import Document

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_DEFAULT_TITLES = {"powerpoint presentation", "presentation", "演示文稿", "untitled"}
_MAX_GROUP_DEPTH = 16


class PptxParser:
    extensions = (".pptx",)
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        deck = _open(data, name)
        builder = DocumentBuilder(data, name, _MEDIA_TYPE)
        title = deck.core_properties.title or ""
        builder.title = "" if title.strip().lower() in _DEFAULT_TITLES else title
        total = len(deck.slides)
        try:
            for number, slide in enumerate(deck.slides, start=1):
                builder.page(number)
                builder.place(f"slide {number}")
                _add_slide(builder, slide)
                if on_page:
                    on_page(number, total)
        except (KeyError, ValueError, AttributeError, IndexError, TypeError) as error:
            raise _broken(name) from error
        return builder.build()


def _open(data: bytes, name: str) -> "Presentation":
    import pptx
    from pptx.exc import PythonPptxError

    Package(data, name, "a PowerPoint file").refuse_entities()
    try:  # lxml's complaints about bad XML are SyntaxErrors
        return pptx.Presentation(io.BytesIO(data))
    except (PythonPptxError, SyntaxError, KeyError, ValueError, AttributeError) as error:
        raise _broken(name) from error


def _broken(name: str) -> ParseError:
    return ParseError(
        f"{name} is damaged or not a PowerPoint file. Open it there, save it again, and retry."
    )


def _add_slide(builder: DocumentBuilder, slide: "Slide") -> None:
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


def _add_shape(builder: DocumentBuilder, shape: Any) -> None:  # noqa: ANN401  # no stubs
    if shape.has_text_frame:
        for number, paragraph in enumerate(shape.text_frame.paragraphs):
            text = paragraph.text.replace("\v", "\n").strip()
            item = f"- {text}" if paragraph.level and text else text
            builder.paragraph(item, tight=number > 0)
    elif getattr(shape, "has_table", False):
        rows = [list(_cells(row)) for row in shape.table.rows]
        builder.table((n == 0 and len(rows) > 1, cells) for n, cells in enumerate(rows))
    elif getattr(shape, "has_chart", False):
        _add_chart(builder, shape.chart)


def _cells(row: Any) -> Iterator[str]:  # noqa: ANN401  # no stubs
    for cell in row.cells:
        if not cell.is_spanned:
            yield cell.text


def _add_chart(builder: DocumentBuilder, chart: Any) -> None:  # noqa: ANN401  # no stubs
    """A chart as the table that it was drawn from."""
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.paragraph(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        series = list(plot.series)
        categories = [str(category) for category in plot.categories]
        columns = [list(one.values) for one in series]
        builder.row(["", *(one.name or "" for one in series)], header=True, first=True)
        for number, category in enumerate(categories):
            values = (column[number] if number < len(column) else None for column in columns)
            builder.row([category, *("" if v is None else f"{v:g}" for v in values)])


PARSER = PptxParser()
