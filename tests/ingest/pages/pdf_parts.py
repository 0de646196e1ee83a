"""PDFs with forms, free text, columns and pictures, made with pypdf and Pillow."""

import io
from collections.abc import Mapping, Sequence

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from tests.ingest.files import drawn_pdf
from tests.ingest.pictures import saved

Box = tuple[float, float, float, float]


def form_pdf(
    words: Sequence[tuple[float, float, str]],
    fields: Sequence[tuple[Box, str]],
    *,
    boxes: Sequence[tuple[Box, bool]] = (),
    choices: Sequence[tuple[Box, str, Mapping[str, str]]] = (),
    rules: Sequence[tuple[float, float, float, float]] = (),
) -> bytes:
    """Words at `(x, y)`, text fields with values, check boxes, lists with a value and the labels of
    all that may be chosen; no field has an appearance."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(drawn_pdf(words, rules))))
    widgets = [
        _widget(rect, f"t{n}", {"/FT": NameObject("/Tx"), "/V": TextStringObject(value)})
        for n, (rect, value) in enumerate(fields)
    ]
    for n, (rect, checked) in enumerate(boxes):
        state = NameObject("/Yes" if checked else "/Off")
        widgets.append(
            _widget(rect, f"b{n}", {"/FT": NameObject("/Btn"), "/V": state, "/AS": state})
        )
    for n, (rect, value, labels) in enumerate(choices):
        options = ArrayObject(
            ArrayObject(map(TextStringObject, option)) for option in labels.items()
        )
        more = {"/FT": NameObject("/Ch"), "/Ff": NumberObject(1 << 17), "/Opt": options}
        widgets.append(_widget(rect, f"c{n}", {**more, "/V": TextStringObject(value)}))
    references = ArrayObject([writer._add_object(widget) for widget in widgets])
    writer.pages[0][NameObject("/Annots")] = references
    form = {NameObject("/Fields"): references, NameObject("/NeedAppearances"): BooleanObject(True)}
    writer._root_object[NameObject("/AcroForm")] = DictionaryObject(form)
    return _written(writer)


def _widget(rect: Box, name: str, more: dict[str, object]) -> DictionaryObject:
    made = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/Rect"): ArrayObject(map(FloatObject, rect)),
            NameObject("/T"): TextStringObject(name),
            NameObject("/F"): FloatObject(4),
        }
    )
    made.update({NameObject(key): value for key, value in more.items()})
    return made


def with_free_text(pdf: bytes, rect: Box, text: str, *, kind: str = "/FreeText") -> bytes:
    """The PDF with an annotation on its first page, by default what a typewriter writes."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    annotation = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject(kind),
            NameObject("/Rect"): ArrayObject(map(FloatObject, rect)),
            NameObject("/Contents"): TextStringObject(text),
            NameObject("/DA"): TextStringObject("/Helv 10 Tf 0 g"),
        }
    )
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(annotation)])
    return _written(writer)


def stamped_scan(
    picture: Image.Image, words: Sequence[tuple[float, float, str]], *, visible: bool = True
) -> bytes:
    """A scan over a whole page of 595 × 842 points with words laid over it as text."""
    page = Image.new("RGB", (1240, 1754), "white")
    page.paste(picture, (0, 200))
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(saved(page, "PDF"))))
    scan = writer.pages[0]
    scan.scale_to(595, 842)
    scan.merge_page(PdfReader(io.BytesIO(drawn_pdf(words, [], visible=visible))).pages[0])
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
