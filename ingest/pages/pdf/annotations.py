"""What is typed onto a PDF page: values of form fields and free text, beside their labels."""

from collections.abc import Callable, Iterator, Sequence
from ctypes import sizeof
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.clean import clean, unwrap
from ingest.pages.lines import Line
from ingest.tables.boxes import Box, around

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_HIDDEN = 0b10  # FPDF_ANNOT_FLAG_HIDDEN
_PASSWORD = 1 << 13  # a text field that shows dots
_MAX_ANNOTATIONS = 1000
_MAX_OPTIONS = 1000  # of a list
_SAME_FOOT = 2.0  # points between the feet of fields in one line
_MAX_CHARACTERS = 100_000
_MARKS = {True: "☑", False: "☐"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A text typed onto the page, in points from its lower left corner."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    is_mark: bool = False  # a check box: its label stands behind it

    @property
    def box(self) -> Box:
        return self.left, self.bottom, self.right, self.top

    def is_in(self, left: float, bottom: float, right: float, top: float) -> bool:
        x, y = (self.left + self.right) / 2, (self.bottom + self.top) / 2
        return left <= x <= right and bottom <= y <= top


class TypedTextPage:
    """A text page that also holds what is typed where it is asked for an area; for table cells."""

    def __init__(self, page: "PdfTextPage", typed: Sequence[Typed]) -> None:
        self._page = page
        self._typed = sorted(typed, key=lambda one: (-one.top, one.left))

    def get_text_bounded(self, left: float, bottom: float, right: float, top: float) -> str:
        words: str = self._page.get_text_bounded(left, bottom, right, top).strip()
        held = [one for one in self._typed if one.is_in(left, bottom, right, top)]
        marks = [one.text for one in held if one.is_mark]
        return " ".join(filter(None, [*marks, words, *(t.text for t in held if not t.is_mark)]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._page, name)


def typed_texts(pdf: "PdfDocument", page: "PdfPage") -> list[Typed]:
    """Values of form fields and free text of the page, those that are shown."""
    return [one for annotation in _shown(page) for one in _typed(pdf, annotation)]


def comment_count(page: "PdfPage") -> int:
    """How many notes and marks with a note the page has."""
    from pypdfium2 import raw

    kinds = {
        raw.FPDF_ANNOT_TEXT,
        raw.FPDF_ANNOT_HIGHLIGHT,
        raw.FPDF_ANNOT_UNDERLINE,
        raw.FPDF_ANNOT_STRIKEOUT,
    }
    return sum(
        bool(_string(partial(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")).strip())
        for annotation in _shown(page)
        if raw.FPDFAnnot_GetSubtype(annotation) in kinds
    )


def _shown(page: "PdfPage") -> Iterator[Any]:
    """Annotations that are not hidden, each open while it is looked at."""
    from pypdfium2 import raw

    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            if not raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                yield annotation
            raw.FPDFPage_CloseAnnot(annotation)


def _typed(pdf: "PdfDocument", annotation: Any) -> Iterator[Typed]:
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetSubtype(annotation)
    text, is_mark = "", False
    if kind == raw.FPDF_ANNOT_FREETEXT:
        text = _string(lambda *to: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", *to))
    elif kind == raw.FPDF_ANNOT_WIDGET and pdf.formenv is not None:
        text, is_mark = _value(pdf.formenv, annotation)
    rect = raw.FS_RECTF()
    text = unwrap(clean(text))
    if text and raw.FPDFAnnot_GetRect(annotation, rect):
        left, right = sorted((rect.left, rect.right))
        bottom, top = sorted((rect.bottom, rect.top))
        yield Typed(text, left, bottom, right, top, is_mark)


def _value(form: Any, annotation: Any) -> tuple[str, bool]:
    """The text of a field, and whether it is a mark."""
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        return _MARKS[bool(raw.FPDFAnnot_IsChecked(form, annotation))], True
    if kind == raw.FPDF_FORMFIELD_TEXTFIELD:
        if raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
            return "", False
    elif kind not in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        return "", False
    elif chosen := _chosen(form, annotation):
        return "、".join(chosen), False
    return _string(lambda *to: raw.FPDFAnnot_GetFormFieldValue(form, annotation, *to)), False


def _chosen(form: Any, annotation: Any) -> list[str]:
    """What a list shows of the options that are chosen; its value may be a code for them."""
    from pypdfium2 import raw

    count = min(max(raw.FPDFAnnot_GetOptionCount(form, annotation), 0), _MAX_OPTIONS)
    chosen = [n for n in range(count) if raw.FPDFAnnot_IsOptionSelected(form, annotation, n)]
    labels = (_string(partial(raw.FPDFAnnot_GetOptionLabel, form, annotation, n)) for n in chosen)
    return [label for label in labels if label.strip()]


def _string(read: Callable[..., int]) -> str:
    """A string that PDFium writes as UTF-16 into a buffer of ours; it tells the length first."""
    from pypdfium2 import raw

    size = read(None, 0)
    if not 2 < size <= 2 * _MAX_CHARACTERS:
        return ""
    buffer = (raw.FPDF_WCHAR * (size // sizeof(raw.FPDF_WCHAR)))()
    read(buffer, size)
    return bytes(buffer).decode("utf-16-le", errors="replace").rstrip("\x00")


CountLeftOf = Callable[[Line, float], int]  # characters of a line that begin left of x, no spaces


def with_typed(lines: Sequence[Line], typed: Sequence[Typed], left_of: CountLeftOf) -> list[Line]:
    """`lines` with each text behind its label, a mark in front of it, others where they stand."""
    placed = list(lines)
    # From right to left, so that places in the lines still hold.
    for text in sorted(typed, key=lambda one: (one.bottom, -one.left)):
        place = _label(placed, text)
        if place is None:
            line = Line(
                text.text, left=text.left, right=text.right, bottom=text.bottom, box=text.box
            )
            placed.insert(_place_of(placed, text), line)
        else:
            placed[place] = _joined(placed[place], text, left_of)
    return placed


def _label(lines: Sequence[Line], text: Typed) -> int | None:
    """The line that labels the text: at its height, to the left, or to the right of a mark."""
    level = [
        number
        for number, line in enumerate(lines)
        if line.right > line.left
        and min(line.bottom + line.size, text.top) - max(line.bottom, text.bottom)
        > 0.4 * min(line.size or 8, text.top - text.bottom)
    ]
    before = [n for n in level if lines[n].left < text.left]
    after = [n for n in level if lines[n].left >= text.left]
    if text.is_mark and after:
        return min(after, key=lambda n: lines[n].left)
    return max(before, key=lambda n: (round(lines[n].bottom), lines[n].left), default=None)


def _joined(line: Line, text: Typed, left_of: CountLeftOf) -> Line:
    cut = _place_after(line.text, left_of(line, text.left)) if line.last >= line.first else -1
    if cut < 0:
        cut = 0 if text.left <= line.left else len(line.text)
    parts = (line.text[:cut].rstrip(), text.text, line.text[cut:].lstrip())
    return replace(line, text=" ".join(filter(None, parts)), box=around((line.box, text.box)))


def _place_after(text: str, count: int) -> int:
    """Where in `text` that many characters other than spaces have passed."""
    for place, character in enumerate(text):
        if count == 0:
            return place
        count -= not character.isspace()
    return len(text)


def _place_of(lines: Sequence[Line], text: Typed) -> int:
    behind = (
        number
        for number, line in enumerate(lines)
        if line.right > line.left
        and (
            line.bottom < text.bottom - _SAME_FOOT
            or (line.bottom <= text.bottom + _SAME_FOOT and line.left > text.left)
        )
    )
    return next(behind, len(lines))
